/**
 * Conflicts that will come: as soon as a layer is there, it is held against those that it will meet, in the task that meets them first. What it
 * finds is a warning; the restore itself decides.
 */

import { hasEnded } from '../plan/index.ts';
import type { Scheduler } from '../plan/index.ts';
import { shortConflict } from './conflict.ts';
import type { TaskGraph } from './run-graph.ts';
import type { TaskInput } from './task-input.ts';

/** Tasks that are looked at for one layer. */
const MOST_LOOKS = 4;

export class EarlyWarning {
  readonly #graph: TaskGraph;
  readonly #inputOf: (task: number) => TaskInput;
  readonly #warn: ((text: string) => void) | undefined;
  readonly #told = new Set<string>();

  constructor(
    graph: TaskGraph,
    inputOf: (task: number) => TaskInput,
    warn: ((text: string) => void) | undefined,
  ) {
    this.#graph = graph;
    this.#inputOf = inputOf;
    this.#warn = warn;
  }

  /** Never throws: it is not what the run is about. @param task has saved a layer */
  async look(task: number, scheduler: Scheduler, signal?: AbortSignal): Promise<void> {
    if (this.#warn === undefined) return;
    let looks = 0;
    for (const descendant of this.#graph.descendants(task)) {
      if (hasEnded(scheduler.task(descendant).status)) continue;
      const definition = this.#graph.tasks[descendant]!.definition;
      for (const step of definition.steps) {
        if (step.kind !== 'restore_workspace') continue;
        if (++looks > MOST_LOOKS) return;
        const merged = await this.#inputOf(descendant)
          .merge(step.onConflict, { only: step.tasks, signal })
          .catch(() => undefined);
        if (merged?.kind !== 'conflicts') continue;
        const text = `${definition.name} will not be able to restore the workspace: ${shortConflict(merged.conflicts.at(0)!)}`;
        if (!this.#told.has(text)) this.#warn(text);
        this.#told.add(text);
      }
    }
  }
}
