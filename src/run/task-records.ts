/** What a process that carries a run knows of its tasks, beside what the scheduler decides. */

import type { TaskTable } from '../db/index.ts';
import type { TaskState } from '../plan/index.ts';
import type { StepProgress } from './attempt.ts';
import type { Fault } from './fault.ts';
import { layersOfRun } from './saved-layer.ts';
import type { SavedLayer } from './saved-layer.ts';
import { taskColumns } from './rows.ts';
import { taskInfo } from './view.ts';
import type { TaskInfo } from './view.ts';
import type { RunWorld } from './world.ts';

/** Figures of a task that is under way here, or was. */
interface TaskProgress extends StepProgress {
  readonly started: number;
  readonly ended: number | undefined;
  readonly fault: Fault | undefined;
  readonly inputDigest: string | undefined;
}

export class TaskRecords {
  /** Rows of the tasks as they were when the process took the run over, in their order. */
  readonly rows: readonly TaskTable[];
  readonly #attempts: number[];
  readonly #layers = new Map<number, readonly SavedLayer[]>();
  readonly #progress = new Map<number, TaskProgress>();
  readonly #takenOver = new Set<number>();

  constructor(rows: readonly TaskTable[]) {
    this.rows = rows;
    this.#attempts = rows.map(({ attempt }) => attempt);
  }

  /** Those that are in the database. */
  async readLayers({ database }: RunWorld, run: string): Promise<void> {
    const layers = await layersOfRun(database.kysely, run);
    for (const { id, number } of this.rows) this.#layers.set(number, layers.get(id) ?? []);
  }

  attempt(task: number): number {
    return this.#attempts[task]!;
  }

  begin(task: number, started: number): void {
    this.#attempts[task]!++;
    const nothing = { step: '', savedBytes: 0, restoredBytes: 0 };
    const unknown = { ended: undefined, fault: undefined, inputDigest: undefined };
    this.#progress.set(task, { ...nothing, ...unknown, started });
    this.#layers.set(task, []);
  }

  note(task: number, change: Partial<TaskProgress>): void {
    const before = this.#progress.get(task);
    if (before !== undefined) this.#progress.set(task, { ...before, ...change });
  }

  addLayer(task: number, layer: SavedLayer): void {
    this.#layers.set(task, [...this.layers(task), layer]);
  }

  /** All that it has saved, whether others see them or not. */
  layers(task: number): readonly SavedLayer[] {
    return this.#layers.get(task) ?? [];
  }

  /** It has the layers of an attempt in another run. */
  takeOver(task: number, attempt: number): void {
    this.#attempts[task] = attempt;
    this.#takenOver.add(task);
  }

  /** What of it stands in its row and is no decision of the scheduler. */
  columns(task: number): Partial<TaskTable> {
    const progress = this.#progress.get(task);
    const attempt = this.attempt(task);
    if (progress === undefined) return { attempt };
    const { started, ended, savedBytes, restoredBytes, fault } = progress;
    return {
      attempt,
      started,
      ended: ended ?? null,
      saved_bytes: savedBytes,
      restored_bytes: restoredBytes,
      error: fault === undefined ? null : JSON.stringify(fault),
    };
  }

  /** As its row will say. */
  info(task: number, state: TaskState): TaskInfo {
    const row = this.rows[task]!;
    const progress = this.#progress.get(task);
    const now: TaskTable = {
      ...row,
      ...taskColumns(state),
      ...this.columns(task),
      reused: this.#takenOver.has(task) ? 1 : row.reused,
      input_digest: progress?.inputDigest ?? row.input_digest,
    };
    return {
      ...taskInfo(now, this.layers(task)),
      step: state.status === 'running' ? progress?.step : undefined,
    };
  }
}
