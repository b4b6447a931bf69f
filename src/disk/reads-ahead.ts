/** What is fetched before it is written: no more than memory is meant for, however quick the store is and however slow the disk. */

import type { SealedBlocks } from '../vault/index.ts';
import type { ReadShares } from './read-shares.ts';
import type { Read } from './reads.ts';
import type { Run } from './runs.ts';

export interface AheadOptions {
  /** How many write. */
  readonly writers: number;
  /** Reads of each writer that are under way or not all written, at most. */
  readonly each: number;
  /** Stored bytes of all reads that are under way or not written, at most. A read that is larger has to be alone. */
  readonly most: number;
  /** @returns what each run of a read needs, in their order */
  readonly fetch: (read: Read) => Promise<readonly (SealedBlocks | undefined)[]>;
}

/** A run, and what it needs. */
export interface Part {
  readonly run: Run;
  /** Undefined: it needs no block. */
  readonly sealed: SealedBlocks | undefined;
  /** Of `sealed`, which may be handed to another thread. */
  readonly bytes: number;
  readonly of: Begun;
}

/** A read that was begun. */
interface Begun {
  readonly writer: Writer;
  /** Its parts that are not written. */
  left: number;
}

interface Writer {
  readonly number: number;
  /** Of its reads: those under way, those not all written, and the bytes of both. */
  coming: number;
  open: number;
  bytes: number;
  /** Nothing in the shares is for it any more. */
  isDone: boolean;
  readonly parts: Part[];
}

interface Taker extends PromiseWithResolvers<Part | undefined> {
  readonly writer: Writer;
}

export class ReadsAhead {
  readonly #options: AheadOptions;
  readonly #shares: ReadShares;
  readonly #writers: readonly Writer[];
  /** For which there is no room yet. */
  #next: { readonly read: Read; readonly writer: Writer } | undefined;
  #bytes = 0;
  #takers: Taker[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ended = false;

  /** Begins at once. @param shares of as many as write */
  constructor(shares: ReadShares, options: AheadOptions) {
    this.#options = options;
    this.#shares = shares;
    this.#writers = Array.from({ length: options.writers }, (_, number) => {
      return { number, coming: 0, open: 0, bytes: 0, isDone: false, parts: [] };
    });
    this.#fill();
  }

  /**
   * The next part for a writer, who says when it is `written`; undefined when there will be none. Who has nothing left takes over from the
   * end of what others have.
   *
   * @throws what `fetch` throws
   */
  async take(writer: number): Promise<Part | undefined> {
    const taker = { ...Promise.withResolvers<Part | undefined>(), writer: this.#writers[writer]! };
    this.#takers.push(taker);
    this.#serve();
    return taker.promise;
  }

  written({ bytes, of }: Part): void {
    this.#hold(of.writer, -bytes);
    of.left--;
    if (of.left === 0) of.writer.open--;
    this.#fill();
    this.#serve();
  }

  /** Nothing more is fetched or given. */
  end(): void {
    this.#ended = true;
    this.#serve();
  }

  #fill(): void {
    while (!this.#ended) {
      this.#next ??= this.#claim();
      if (this.#next === undefined) return;
      const { read, writer } = this.#next;
      if (this.#bytes > 0 && this.#bytes + read.bytes > this.#options.most) return;
      this.#next = undefined;
      void this.#begin(read, writer);
    }
  }

  /** Whoever has the least has the next one. */
  #claim(): { readonly read: Read; readonly writer: Writer } | undefined {
    const free = this.#writers.filter(({ isDone, open }) => !isDone && open < this.#options.each);
    for (const writer of free.sort((a, b) => a.bytes - b.bytes || a.open - b.open)) {
      const read = this.#shares.next(writer.number);
      if (read !== undefined) return { read, writer };
      writer.isDone = true;
    }
    return undefined;
  }

  async #begin(read: Read, writer: Writer): Promise<void> {
    const begun: Begun = { writer, left: read.runs.length };
    writer.coming++;
    writer.open++;
    this.#hold(writer, read.bytes);
    try {
      const all = await this.#options.fetch(read);
      this.#hold(writer, -read.bytes);
      for (const [at, run] of read.runs.entries()) {
        const sealed = all[at];
        const bytes = sealed?.bytes.length ?? 0;
        this.#hold(writer, bytes);
        writer.parts.push({ run, sealed, bytes, of: begun });
      }
    } catch (error) {
      this.#failure ??= { error };
      this.#ended = true;
    }
    writer.coming--;
    this.#fill();
    this.#serve();
  }

  #hold(writer: Writer, bytes: number): void {
    this.#bytes += bytes;
    writer.bytes += bytes;
  }

  #serve(): void {
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) {
      const found = this.#ended ? undefined : this.#find(taker.writer);
      if (this.#failure !== undefined) taker.reject(this.#failure.error);
      else if (found === 'later') this.#takers.push(taker);
      else taker.resolve(found);
    }
  }

  #find(writer: Writer): Part | 'later' | undefined {
    const own = writer.parts.shift();
    if (own !== undefined) return own;
    // What comes is of its own stretch.
    if (writer.coming > 0) return 'later';
    const longest = this.#writers.reduce((a, b) => (b.parts.length > a.parts.length ? b : a));
    const other = longest.parts.pop();
    if (other !== undefined) return other;
    const isOver =
      this.#next === undefined && this.#writers.every((each) => each.isDone && each.coming === 0);
    return isOver ? undefined : 'later';
  }
}
