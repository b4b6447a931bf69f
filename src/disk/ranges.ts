/** A long file in ranges, and how the threads that cut them tell each other where the chunks of one end and those of the next begin. */

import { RANGE } from './cut-range.ts';
import type { Range } from './cut-range.ts';
import type { HoleMap } from './hole-map.ts';

/** The ranges of all that is not known to be a hole. @param size bytes of the file @param most bytes of a range, a multiple of `PAGE` */
export function rangesOf(size: number, holes: HoleMap, most = RANGE): Range[] {
  const ranges: Range[] = [];
  let start = 0;
  for (const [hole, after] of [...holes, [size, size] as const]) {
    for (let from = start; from < hole; from += most)
      ranges.push({ from, to: Math.min(from + most, hole), end: hole, first: from === start });
    start = after;
  }
  return ranges;
}

const UNKNOWN = 0;
const KNOWN = 1;
const GIVEN_UP = 2;

/** Milliseconds. A thread that waits is woken; this only bounds how long a lost waking could matter. */
const PATIENCE = 1000;

/** Columns of the plan: `from`, `to`, `end` of each range. */
const PLAN = 3;

export interface RangesShare {
  readonly plan: Float64Array;
  /** Of the first chunk of each range, once it is known. */
  readonly starts: Float64Array;
  readonly states: Int32Array;
  /** One number: the first range that no thread has. */
  readonly next: Int32Array;
}

/** Shared by all threads that cut one file: which ranges they have, and where the first chunk of each starts. */
export class Ranges {
  readonly share: RangesShare;

  static of(ranges: readonly Range[]): Ranges {
    const shared = new Ranges({
      plan: new Float64Array(new SharedArrayBuffer(ranges.length * PLAN * 8)),
      // The last range tells its end to nobody.
      starts: new Float64Array(new SharedArrayBuffer((ranges.length + 1) * 8)),
      states: new Int32Array(new SharedArrayBuffer((ranges.length + 1) * 4)),
      next: new Int32Array(new SharedArrayBuffer(4)),
    });
    for (const [number, { from, to, end, first }] of ranges.entries()) {
      shared.share.plan.set([from, to, end], number * PLAN);
      if (first) shared.tell(number, from);
    }
    return shared;
  }

  constructor(share: RangesShare) {
    this.share = share;
  }

  get count(): number {
    return this.share.plan.length / PLAN;
  }

  at(number: number): Range {
    const { plan } = this.share;
    const row = number * PLAN;
    const from = plan[row]!;
    // The column `to` of the range before.
    const first = number === 0 || plan[row - PLAN + 1] !== from;
    return { from, to: plan[row + 1]!, end: plan[row + 2]!, first };
  }

  /**
   * The next range is the caller's. A thread takes one when it begins it, so whoever has the one before is at it already: ranges that
   * were dealt out beforehand would lie behind others, and keep the threads that have the ranges after them waiting.
   */
  take(): number {
    return Atomics.add(this.share.next, 0, 1);
  }

  tell(number: number, start: number): void {
    this.share.starts[number] = start;
    this.#set(number, KNOWN);
  }

  /** The file cannot be read to its end: nobody waits any more. */
  giveUp(number: number): void {
    this.#set(number, GIVEN_UP);
  }

  /** Whether `wait` would return at once. */
  isDecided(number: number): boolean {
    return Atomics.load(this.share.states, number) !== UNKNOWN;
  }

  /** Blocks the thread. @returns where the first chunk of the range starts; undefined if whoever should have told has given up */
  wait(number: number): number | undefined {
    const { starts, states } = this.share;
    while (Atomics.load(states, number) === UNKNOWN) Atomics.wait(states, number, UNKNOWN, PATIENCE);
    return Atomics.load(states, number) === KNOWN ? starts[number] : undefined;
  }

  #set(number: number, state: number): void {
    Atomics.store(this.share.states, number, state);
    Atomics.notify(this.share.states, number);
  }
}
