/** A task of a run, as the scheduler and a restart see it: what it waits for, and where it can run. Tasks are numbers, their places in the run. */

import { StrataError } from '../base/index.ts';
import type { Condition } from './definition.ts';

export interface TaskNode {
  /** Unique in the run; breaks ties between tasks of one level. */
  readonly name: string;
  readonly parents: readonly ParentEdge[];
  /** Its failure does not make the run fail. */
  readonly ignoreFailure: boolean;
  /** Somebody has to say yes before it starts. */
  readonly approval: boolean;
  /** Its `when` leaves it out. */
  readonly leftOut: boolean;
  /** Names of those that can run it; of several with a free slot the first takes it. */
  readonly executors: readonly string[];
}

export interface ParentEdge {
  readonly task: number;
  readonly conditions: readonly Condition[];
}

/** All edges, by parent, and the order in which tasks start. */
export interface TaskLinks {
  /** The children of task `n` are `children[first[n]]` to before `children[first[n + 1]]`. */
  readonly first: Int32Array;
  readonly children: Int32Array;
  /** Beside each child: the conditions of that edge as bits, see `conditionBits`. */
  readonly wanted: Uint8Array;
  /** Parents before children: by level, then by name. */
  readonly order: Int32Array;
  /** Of each task its place in `order`. */
  readonly rank: Int32Array;
}

const BITS: Readonly<Record<Condition, number>> = { on_success: 1, on_failure: 2, on_skipped: 4 };

export function conditionBits(conditions: readonly Condition[]): number {
  return conditions.reduce((bits, condition) => bits | BITS[condition], 0);
}

/**
 * In the time of the edges: a run may have 10,000 tasks and a million of them.
 *
 * @throws internal on a cycle or a parent that does not exist; whoever reads a run file refuses both
 */
export function linkTasks(nodes: readonly TaskNode[]): TaskLinks {
  const first = new Int32Array(nodes.length + 1);
  for (const { name, parents } of nodes) {
    for (const { task } of parents) {
      if (nodes[task] === undefined) throw new StrataError('internal', `task ${name} has a parent ${task}`);
      first[task + 1]!++;
    }
  }
  for (let n = 0; n < nodes.length; n++) first[n + 1]! += first[n]!;
  const children = new Int32Array(first[nodes.length]!);
  const wanted = new Uint8Array(children.length);
  const next = first.slice();
  nodes.forEach(({ parents }, child) => {
    for (const { task, conditions } of parents) {
      const at = next[task]!++;
      children[at] = child;
      wanted[at] = conditionBits(conditions);
    }
  });
  const levels = levelsOf(nodes, first, children);
  const order = Int32Array.from(nodes.keys()).sort(
    (a, b) => levels[a]! - levels[b]! || (nodes[a]!.name < nodes[b]!.name ? -1 : 1),
  );
  const rank = new Int32Array(nodes.length);
  order.forEach((task, place) => (rank[task] = place));
  return { first, children, wanted, order, rank };
}

/** 0 without parents, else one more than the highest of theirs. */
function levelsOf(nodes: readonly TaskNode[], first: Int32Array, children: Int32Array): Int32Array {
  const levels = new Int32Array(nodes.length);
  const waiting = Int32Array.from(nodes, ({ parents }) => parents.length);
  const reached = nodes.flatMap((_, task) => (waiting[task] === 0 ? [task] : []));
  // Grows while it is read; a chain of all tasks would be too deep for recursion.
  for (const task of reached) {
    for (let at = first[task]!; at < first[task + 1]!; at++) {
      const child = children[at]!;
      if (--waiting[child]! > 0) continue;
      // Tasks are reached level by level, so the last parent is the lowest.
      levels[child] = levels[task]! + 1;
      reached.push(child);
    }
  }
  if (reached.length !== nodes.length) throw new StrataError('internal', 'tasks wait for each other');
  return levels;
}
