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

export interface SeamsShare {
  readonly positions: Float64Array;
  readonly states: Int32Array;
}

/** Where the first chunk of each range starts, once it is known. Shared by all threads that cut one file. */
export class Seams {
  readonly share: SeamsShare;

  /** @param count how many ranges */
  static of(count: number): Seams {
    return new Seams({
      positions: new Float64Array(new SharedArrayBuffer((count + 1) * 8)),
      states: new Int32Array(new SharedArrayBuffer((count + 1) * 4)),
    });
  }

  constructor(share: SeamsShare) {
    this.share = share;
  }

  tell(range: number, position: number): void {
    this.share.positions[range] = position;
    this.#set(range, KNOWN);
  }

  /** The file cannot be read to its end: nobody waits any more. */
  giveUp(range: number): void {
    this.#set(range, GIVEN_UP);
  }

  /** Whether `wait` would return at once. */
  isDecided(range: number): boolean {
    return Atomics.load(this.share.states, range) !== UNKNOWN;
  }

  /** Blocks the thread. @returns undefined if whoever should have told has given up */
  wait(range: number): number | undefined {
    const { positions, states } = this.share;
    while (Atomics.load(states, range) === UNKNOWN) Atomics.wait(states, range, UNKNOWN, PATIENCE);
    return Atomics.load(states, range) === KNOWN ? positions[range] : undefined;
  }

  #set(range: number, state: number): void {
    Atomics.store(this.share.states, range, state);
    Atomics.notify(this.share.states, range);
  }
}
