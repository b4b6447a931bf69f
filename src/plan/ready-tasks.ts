/** Tasks that could start, and the slots of the executors that could take them. */

import type { TaskNode } from './task-node.ts';

/** How many tasks an executor runs at a time. */
export interface ExecutorSlots {
  readonly name: string;
  readonly slots: number;
}

interface Lane {
  readonly name: string;
  free: number;
  /** A heap of the ranks of tasks, the lowest on top. A task stands in the lane of each of its executors. */
  readonly ranks: number[];
}

export class ReadyTasks {
  readonly #nodes: readonly TaskNode[];
  readonly #order: Int32Array;
  readonly #rank: Int32Array;
  readonly #lanes: Map<string, Lane>;
  /** Of each task whether it still waits for a slot; the other lanes that it stands in learn of it when it comes up there. */
  readonly #waits: Uint8Array;

  /** @param order the tasks as they start, the first of them first @param rank of each task its place in `order` */
  constructor(
    nodes: readonly TaskNode[],
    { order, rank }: { readonly order: Int32Array; readonly rank: Int32Array },
    executors: readonly ExecutorSlots[],
  ) {
    this.#nodes = nodes;
    this.#order = order;
    this.#rank = rank;
    this.#lanes = new Map(executors.map(({ name, slots }) => [name, { name, free: slots, ranks: [] }]));
    this.#waits = new Uint8Array(nodes.length);
  }

  add(task: number): void {
    this.#waits[task] = 1;
    for (const name of this.#nodes[task]!.executors) {
      const lane = this.#lanes.get(name);
      if (lane !== undefined) push(lane.ranks, this.#rank[task]!);
    }
  }

  /** @param executor undefined and unknown ones have no slots: a run may go on under other executors than it began */
  occupy(executor: string | undefined): void {
    const lane = this.#lanes.get(executor ?? '');
    if (lane !== undefined) lane.free--;
  }

  release(executor: string | undefined): void {
    const lane = this.#lanes.get(executor ?? '');
    if (lane !== undefined) lane.free++;
  }

  /** The first task in order that has a free slot somewhere, and takes it; undefined if there is none. */
  take(): { readonly task: number; readonly executor: string } | undefined {
    let lowest = Infinity;
    for (const { free, ranks } of this.#lanes.values()) {
      if (free <= 0) continue;
      while (ranks.length > 0 && this.#waits[this.#order[ranks[0]!]!] === 0) pop(ranks);
      lowest = Math.min(lowest, ranks[0] ?? Infinity);
    }
    if (lowest === Infinity) return undefined;
    const task = this.#order[lowest]!;
    const executor = this.#nodes[task]!.executors.find((name) => (this.#lanes.get(name)?.free ?? 0) > 0)!;
    this.#waits[task] = 0;
    this.occupy(executor);
    return { task, executor };
  }
}

function push(heap: number[], value: number): void {
  let at = heap.push(value) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = value;
}

function pop(heap: number[]): void {
  const value = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (let child = 1; child < heap.length; child = 2 * at + 1) {
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
    if (heap[child]! >= value) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = value;
}
