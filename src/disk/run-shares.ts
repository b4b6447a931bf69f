/**
 * Which thread writes which runs: each a stretch of its own. Neighbouring runs are often of one file or one directory, and the kernel lets
 * only one thread write to a file, or make a name in a directory, at a time: others spin meanwhile.
 */

import type { Run } from './runs.ts';

interface Share {
  next: number;
  end: number;
}

export class RunShares {
  readonly #runs: readonly Run[];
  readonly #shares: Share[];

  /** @param count how many threads */
  constructor(runs: readonly Run[], count: number) {
    this.#runs = runs;
    const weights = runs.map(weightOf);
    const fair = Math.max(1, weights.reduce((sum, weight) => sum + weight, 0) / count);
    this.#shares = Array.from({ length: count }, () => ({ next: 0, end: 0 }));
    let done = 0;
    for (const [at, weight] of weights.entries()) {
      const share = this.#shares[Math.min(Math.floor(done / fair), count - 1)]!;
      if (share.end === 0) share.next = at;
      share.end = at + 1;
      done += weight;
    }
  }

  /** The next run for a thread; undefined when there are no more. Who is done takes over the second half of the longest stretch. */
  next(thread: number): Run | undefined {
    const own = this.#shares[thread]!;
    if (own.next === own.end) {
      const longest = this.#shares.reduce((a, b) => (b.end - b.next > a.end - a.next ? b : a));
      own.end = longest.end;
      longest.end = own.next = Math.ceil((longest.next + longest.end) / 2);
    }
    return own.next < own.end ? this.#runs[own.next++] : undefined;
  }
}

/** Plain bytes, and what opening a file costs in them. */
function weightOf({ blocks, starts }: Run): number {
  const bytes = blocks.reduce((sum, { plainLength }) => sum + plainLength, 0);
  return bytes + (starts.at(-1)! - starts[0]!) * PIECE;
}

/** Bytes that are written in the time that a small file takes besides them. */
const PIECE = 32 * 1024;
