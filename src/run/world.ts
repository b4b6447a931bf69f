/** What the operations on runs work with. */

import type { ExecutorDefinition } from '../plan/index.ts';
import type { Executor } from '../exec/index.ts';
import type { LayerSaves, WorkspaceWorld } from '../workspace/index.ts';
import type { Logs } from './logs.ts';
import type { RunSettings } from './request.ts';

export interface RunWorld extends WorkspaceWorld {
  readonly layers: LayerSaves;
  readonly logs: Logs;
  /** Where tasks work, each in a directory of its own that is gone afterwards. */
  readonly tasksDirectory: string;
  /** Those that are declared, or the one that a bare machine has. */
  readonly executors: readonly ExecutorDefinition[];
  /** Makes what a definition stands for. */
  readonly openExecutor: (
    definition: Pick<ExecutorDefinition, 'type'>,
    settings: RunSettings,
  ) => Promise<Executor>;
  /** Milliseconds that the layers of a run stay after it has ended. */
  readonly retention: number;
}
