/** Who waits for whom. Tasks are numbers here: their places in the run. Nothing calls itself: chains are long. */

import { StrataError, compareBytes, utf8 } from '../base/index.ts';
import type { RunDefinition } from './definition.ts';

export interface RunGraph {
  /** Tasks. */
  readonly size: number;
  /** Of each task: 0 without parents, else one more than the highest of its parents. */
  readonly levels: readonly number[];
  /** Direct ones, in the order of `depends`. */
  readonly parents: readonly (readonly number[])[];
  readonly children: readonly (readonly number[])[];
  /** All tasks by level, then by the bytes of their names: parents before children, and the order in which layers are applied. */
  readonly order: readonly number[];
  /** The number of a task by its name. */
  numberOf(name: string): number | undefined;
  /** All that a task waits for, directly or not, in `order`. Made anew for each call: of ten thousand tasks, all are many. */
  ancestors(task: number): number[];
  /** All that wait for one of these tasks, in `order`, without them unless one waits for another. */
  descendants(tasks: Iterable<number>): number[];
}

/** @throws internal for a run with a cycle or an unknown name, which no reader gives */
export function graphOf({ tasks }: RunDefinition): RunGraph {
  const numbers = new Map(tasks.map(({ name }, at) => [name, at]));
  const parents = tasks.map(({ depends }) => depends.map(({ task }) => numbers.get(task) ?? -1));
  const children: number[][] = tasks.map(() => []);
  for (const [task, above] of parents.entries()) for (const parent of above) children[parent]?.push(task);

  const levels = levelsOf(parents, children);
  if (levels === undefined || parents.some((above) => above.includes(-1))) {
    throw new StrataError('internal', 'the run was not checked: it has a cycle or waits for an unknown task');
  }
  const names = tasks.map(({ name }) => utf8(name));
  const order = tasks
    .map((_, task) => task)
    .sort((a, b) => levels[a]! - levels[b]! || compareBytes(names[a]!, names[b]!));
  const rank = new Int32Array(tasks.length);
  for (const [place, task] of order.entries()) rank[task] = place;

  const reach = (from: Iterable<number>, next: readonly (readonly number[])[]): number[] => {
    const seen = new Uint8Array(tasks.length);
    const found: number[] = [];
    const pending = [...from];
    for (let task = pending.pop(); task !== undefined; task = pending.pop()) {
      for (const neighbour of next[task] ?? []) {
        if (seen[neighbour] === 1) continue;
        seen[neighbour] = 1;
        found.push(neighbour);
        pending.push(neighbour);
      }
    }
    return found.sort((a, b) => rank[a]! - rank[b]!);
  };
  return {
    size: tasks.length,
    levels,
    parents,
    children,
    order,
    numberOf: (name) => numbers.get(name),
    ancestors: (task) => reach([task], parents),
    descendants: (from) => reach(from, children),
  };
}

/** Undefined if there is a cycle. */
function levelsOf(
  parents: readonly (readonly number[])[],
  children: readonly (readonly number[])[],
): number[] | undefined {
  const levels = parents.map(() => 0);
  const open = parents.map((above) => above.length);
  const ready = [...open.keys()].filter((task) => open[task] === 0);
  // It grows while it is read.
  for (const task of ready) {
    for (const child of children[task]!) {
      levels[child] = Math.max(levels[child]!, levels[task]! + 1);
      if (--open[child]! === 0) ready.push(child);
    }
  }
  return ready.length === parents.length ? levels : undefined;
}

/** Cycles that share no task, at most `most` of them, each in the order of waiting; more may show when these are cut. */
export function findCycles(parents: readonly (readonly number[])[], most: number): number[][] {
  const seen = new Uint8Array(parents.length);
  const done = new Uint8Array(parents.length);
  const cycles: number[][] = [];
  for (let start = 0; start < parents.length && cycles.length < most; start++) {
    const path: number[] = [];
    const next: number[] = [];
    const enter = (task: number) => {
      seen[task] = 1;
      path.push(task);
      next.push(0);
    };
    if (done[start] === 0) enter(start);
    while (path.length > 0) {
      const task = path.at(-1)!;
      const parent = parents[task]![next[next.length - 1]!++];
      if (parent === undefined) {
        done[task] = 1;
        path.pop();
        next.pop();
      } else if (seen[parent] === 0) enter(parent);
      else if (done[parent] === 0) {
        // It is on the way from the start, so the way from it to here is a cycle.
        const cycle = path.slice(path.indexOf(parent));
        cycles.push(cycle);
        for (const each of path) done[each] = 1;
        break;
      }
    }
  }
  return cycles;
}
