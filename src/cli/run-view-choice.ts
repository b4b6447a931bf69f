/** Which tasks of a run are shown where not all have room. */

import type { TaskView } from './run-view.ts';

export interface TaskChoice {
  /** In the order of the run. */
  readonly tasks: readonly TaskView[];
  readonly hidden: readonly TaskView[];
  /** Whether a line for each level is among what has room. */
  readonly withLevels: boolean;
}

/** What a person looks for comes first. Of what has ended well the last is news, of what is to come the first. */
function urgency({ status, waitingApproval, reused }: TaskView): number {
  if (status === 'running') return 0;
  if (status === 'failed') return reused ? 3 : 1;
  if (status === 'notstarted') return waitingApproval ? 2 : 5;
  if (status === 'success') return reused ? 6 : 4;
  return status === 'stopped' ? 3 : 7;
}

const URGENCIES = 8;

/** In the time of the tasks. @param height lines for tasks, levels and a last one that tells what is hidden */
export function chooseTasks(all: readonly TaskView[], height: number): TaskChoice {
  const levels = new Set(all.map(({ level }) => level));
  const withLevels = levels.size > 1;
  if (all.length + (withLevels ? levels.size : 0) <= height) return { tasks: all, hidden: [], withLevels };

  const groups = Array.from({ length: URGENCIES }, (): TaskView[] => []);
  for (const task of all) groups[urgency(task)]!.push(task);
  groups[4]!.sort((a, b) => (b.ended ?? 0) - (a.ended ?? 0));

  const chosen = new Set<TaskView>();
  const opened = new Set<number>();
  let room = height - 1;
  for (const task of groups.flat()) {
    const lines = withLevels && !opened.has(task.level) ? 2 : 1;
    // The next may be of a level that has its line.
    if (lines > room) {
      if (room <= 0) break;
      continue;
    }
    room -= lines;
    opened.add(task.level);
    chosen.add(task);
  }
  return {
    tasks: all.filter((task) => chosen.has(task)),
    hidden: all.filter((task) => !chosen.has(task)),
    withLevels,
  };
}
