/**
 * A set of chunk ids that the threads of a save share: of all that meet a new chunk, one packs it.
 *
 * There are no locks around a table. An id is written to a number of its own, then the number is put into the first free slot of the
 * id's probe sequence by one compare-and-swap; a slot that is taken never changes. So of several threads with one id, none passes a slot
 * that another has put it into, and one alone fills the slot where it belongs. The swap also makes the id's bytes visible to whoever
 * reads the slot. Only when a table is full does a thread wait for those that are putting their last ids into it; then nobody will any
 * more, and what is not in it belongs into the next.
 */

import { SHA256_BYTES } from '../base/index.ts';

/** Ids that are kept. Pages that nothing was written to take no memory: this reserves 90 MiB of addresses. */
const MAX_IDS = 2 ** 21;
/**
 * Ids of the first tables, each of which is filled before the next one is touched. Ids are uniform, so a table is soon touched in all its
 * pages, and the first touch of a page can take 30 µs: for a small save that would be more than all else here.
 */
const FIRST_TABLES = [2 ** 14, 2 ** 17];
/** Slots per id: linear probing stays short below a load of one half, and there is always a free one. */
const SPARSENESS = 2;
/** Words before the slots; those that are not used keep the slots off their cache line. */
const HEAD_WORDS = 16;
const HEAD = {
  /** Numbers that were given out. */
  count: 0,
  /** 1: nothing is put in any more. */
  closed: 1,
  /** Threads that are putting something in at this moment. */
  busy: 2,
} as const;

/** What a message to another thread carries. */
export type IdsShare = SharedArrayBuffer;

export class SharedIds {
  readonly share: IdsShare;
  readonly #tables: readonly Table[];

  /**
   * @param share of the set that another thread made; without it a new one
   * @param most ids that the last table of a new set keeps, a power of two
   */
  constructor(share?: IdsShare, most = MAX_IDS) {
    const sizes = (last: number) => [...FIRST_TABLES.filter((size) => size < last), last];
    const total = (last: number) => sizes(last).reduce((sum, size) => sum + bytesFor(size), 0);
    // One piece: the larger it is, the surer the system gives pages only when they are touched.
    this.share = share ?? new SharedArrayBuffer(total(most));
    let last = 1;
    while (total(last) < this.share.byteLength) last *= 2;
    let at = 0;
    this.#tables = sizes(last).map((size) => {
      at += bytesFor(size);
      return new Table(this.share, at - bytesFor(size), size);
    });
  }

  /**
   * Whether the id that stands in `bytes` at `at` is new: exactly one of all who ever claim it hears so. A set that is full says so
   * of every id that it has not kept; a chunk is stored twice then, and that is waste, not damage.
   */
  claim(bytes: Uint8Array, at: number): boolean {
    for (const table of this.#tables) {
      const isNew = table.claim(bytes, at);
      if (isNew !== undefined) return isNew;
    }
    return true;
  }
}

class Table {
  readonly #head: Int32Array;
  /** Number + 1 of an id, or 0 for a free slot. */
  readonly #slots: Int32Array;
  readonly #ids: Uint8Array;
  readonly #most: number;
  /** A number that nobody else has, for the next new id: what a lost race leaves over. */
  #spare = -1;

  constructor(share: IdsShare, at: number, most: number) {
    this.#most = most;
    this.#head = new Int32Array(share, at, HEAD_WORDS);
    this.#slots = new Int32Array(share, at + HEAD_WORDS * 4, most * SPARSENESS);
    this.#ids = new Uint8Array(share, at + (HEAD_WORDS + most * SPARSENESS) * 4, most * SHA256_BYTES);
  }

  /** @returns undefined if it is not here, and never will be */
  claim(bytes: Uint8Array, at: number): boolean | undefined {
    for (let closed = false; ; closed = true) {
      for (let slot = this.#slotOf(bytes, at); ; slot = this.#after(slot)) {
        // Not a mere load: reading a page that nobody has written to maps the kernel's page of zeros, and the write that follows then
        // has to interrupt every thread to take it away again.
        let number = Atomics.or(this.#slots, slot, 0);
        if (number === 0) {
          if (closed) return undefined;
          number = this.#put(bytes, at, slot);
          if (number === 0) return true;
          if (number === CLOSED) break;
        }
        if (this.#isAt(bytes, at, (number - 1) * SHA256_BYTES)) return false;
      }
      while (Atomics.load(this.#head, HEAD.busy) > 0);
    }
  }

  /** @returns 0 if it is in the slot now, else what another thread has put there; or that there is no more room */
  #put(bytes: Uint8Array, at: number, slot: number): number {
    if (Atomics.load(this.#head, HEAD.closed) === 1) return CLOSED;
    Atomics.add(this.#head, HEAD.busy, 1);
    // Asked again: who closes looks at `busy` afterwards, so one of the two sees the other.
    const own = Atomics.load(this.#head, HEAD.closed) === 1 ? -1 : this.#spareWith(bytes, at);
    let number: number = CLOSED;
    if (own === -1) Atomics.store(this.#head, HEAD.closed, 1);
    else number = Atomics.compareExchange(this.#slots, slot, 0, own + 1);
    if (number === 0) this.#spare = -1;
    Atomics.sub(this.#head, HEAD.busy, 1);
    return number;
  }

  /** The spare number, with the id written to it; -1 if there are no more. */
  #spareWith(bytes: Uint8Array, at: number): number {
    if (this.#spare === -1) {
      const number = Atomics.add(this.#head, HEAD.count, 1);
      if (number >= this.#most) return -1;
      this.#spare = number;
    }
    const own = this.#spare * SHA256_BYTES;
    for (let i = 0; i < SHA256_BYTES; i++) this.#ids[own + i] = bytes[at + i]!;
    return this.#spare;
  }

  #slotOf(bytes: Uint8Array, at: number): number {
    const hash = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    return hash & (this.#slots.length - 1);
  }

  #after(slot: number): number {
    return (slot + 1) & (this.#slots.length - 1);
  }

  #isAt(bytes: Uint8Array, at: number, own: number): boolean {
    for (let i = 0; i < SHA256_BYTES; i++) if (this.#ids[own + i] !== bytes[at + i]) return false;
    return true;
  }
}

/** No number of a slot. */
const CLOSED = -1;

function bytesFor(most: number): number {
  return HEAD_WORDS * 4 + most * (SHA256_BYTES + SPARSENESS * 4);
}
