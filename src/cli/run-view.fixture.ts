/** Views of runs for tests. */

import type { RunView, TaskView } from './run-view.ts';

export const NOW = 1_000_000;

export function task(name: string, more: Partial<TaskView> = {}): TaskView {
  return {
    name,
    level: 0,
    status: 'notstarted',
    waitingApproval: false,
    reused: false,
    attempt: 1,
    started: undefined,
    ended: undefined,
    savedBytes: 0,
    restoredBytes: 0,
    executor: undefined,
    ...more,
  };
}

export function run(tasks: readonly TaskView[], more: Partial<RunView> = {}): RunView {
  return {
    name: 'build',
    id: '7',
    phase: 'running',
    result: 'unknown',
    started: NOW - 80_000,
    ended: undefined,
    tasks,
    ...more,
  };
}
