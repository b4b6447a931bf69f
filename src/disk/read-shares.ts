/**
 * Who writes which reads: each a stretch of its own. Neighbouring runs are often of one file or one directory, and the kernel lets
 * only one thread write to a file, or make a name in a directory, at a time: others spin meanwhile.
 */

import { firstApart } from './reads.ts';
import type { Read } from './reads.ts';
import type { Run } from './runs.ts';

interface Share {
  next: number;
  end: number;
}

export class ReadShares {
  readonly #reads: Read[];
  readonly #shares: Share[];

  /**
   * @param count how many threads
   * @param isFar then all begin with little: what is asked for at once comes at once, and nobody has anything to write before
   */
  constructor(reads: readonly Read[], count: number, isFar: boolean) {
    this.#reads = [...reads];
    const weights = reads.map(({ runs }) => runs.reduce((sum, run) => sum + weightOf(run), 0));
    const fair = Math.max(1, weights.reduce((sum, weight) => sum + weight, 0) / count);
    this.#shares = Array.from({ length: count }, () => ({ next: 0, end: 0 }));
    let done = 0;
    for (const [at, weight] of weights.entries()) {
      const share = this.#shares[Math.min(Math.floor(done / fair), count - 1)]!;
      if (share.end === 0) share.next = at;
      share.end = at + 1;
      done += weight;
    }
    if (isFar) for (const share of this.#shares) this.#beginWithLittle(share);
  }

  /** The next read for a thread; undefined when there are no more. Who is done takes over the second half of the longest stretch. */
  next(thread: number): Read | undefined {
    const own = this.#shares[thread]!;
    if (own.next === own.end) {
      const longest = this.#shares.reduce((a, b) => (b.end - b.next > a.end - a.next ? b : a));
      own.end = longest.end;
      longest.end = own.next = Math.ceil((longest.next + longest.end) / 2);
    }
    return own.next < own.end ? this.#reads[own.next++] : undefined;
  }

  #beginWithLittle({ next, end }: Share): void {
    if (next === end) return;
    const parts = firstApart(this.#reads[next]!);
    this.#reads.splice(next, 1, ...parts);
    for (const share of this.#shares) {
      if (share.next > next) share.next += parts.length - 1;
      if (share.end > next) share.end += parts.length - 1;
    }
  }
}

/** Plain bytes, and what opening a file costs in them. */
function weightOf({ blocks, starts }: Run): number {
  const bytes = blocks.reduce((sum, { plainLength }) => sum + plainLength, 0);
  return bytes + (starts.at(-1)! - starts[0]!) * PIECE;
}

/** Bytes that are written in the time that a small file takes besides them. */
const PIECE = 32 * 1024;
