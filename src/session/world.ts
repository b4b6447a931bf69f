/** What the operations on sessions work with: the database, a runner, and the stores of regions. */

import type { Cancellable, Clock, Log, MonotonicClock, Random } from '../base/index.ts';
import type { Database, RunnerTable } from '../db/index.ts';
import type { Executor } from '../exec/index.ts';
import type { MeansName, QuotaMeans } from '../quota/index.ts';
import type { WorkspaceWorld } from '../workspace/index.ts';

/** The runner that this process acts for. */
export type RunnerSelf = Pick<RunnerTable, 'id' | 'name' | 'region' | 'base_dir' | 'lease'>;

/** How long a workspace is kept once its session has ended, in milliseconds; `min` ≤ `default` ≤ `max`. */
export interface RetentionRange {
  readonly default: number;
  readonly max: number;
  readonly min: number;
}

export interface ExecutorWish {
  readonly kind: 'host' | 'podman';
  readonly sandbox: 'auto' | 'require' | 'off';
}

/** Where a snapshot is read, and how it is called there. */
export interface Nearest {
  readonly world: WorkspaceWorld;
  readonly ref: string;
}

export interface SessionWorld {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  /** What the clock is held against before anything goes by its age. */
  readonly monotonic: MonotonicClock;
  readonly log?: Log | undefined;
  /** Name of the tenant. */
  readonly tenant: string;
  readonly runner: RunnerSelf;
  /** For what is saved: the tenant's part of the store of a region, made if it is not there. */
  readonly storeOf: (region: string, options: Cancellable) => Promise<WorkspaceWorld>;
  /** For what is restored: a place that has the snapshot, the nearest if there are several. */
  readonly nearest: (ref: string, options: Cancellable) => Promise<Nearest>;
  readonly openExecutor: (wish: ExecutorWish) => Promise<Executor>;
  /** @param name undefined: the strongest that works for the base directory of the runner */
  readonly means: (name: MeansName | undefined) => Promise<QuotaMeans>;
  /** Where commands have their scratch directories. */
  readonly tasksDirectory: string;
  readonly retention: RetentionRange;
}
