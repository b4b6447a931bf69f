/**
 * A set of chunk ids that the threads of a save share: of all that meet a new chunk, one packs it.
 *
 * There are no locks. An id is written to a number of its own, then the number is put into the first free slot of the id's probe
 * sequence by one compare-and-swap; a slot that is taken never changes. So of several threads with one id, none passes a slot that
 * another has put it into, and one alone fills the slot where it belongs. The swap also makes the id's bytes visible to whoever
 * reads the slot.
 */

import { SHA256_BYTES } from '../base/index.ts';

/** Ids that are kept. Pages that nothing was written to take no memory: this reserves 80 MiB of addresses. */
const MAX_IDS = 2 ** 21;
/** Slots per id: linear probing stays short below a load of one half, and there is always a free one. */
const SPARSENESS = 2;
/** Of the words before the slots, the first counts the numbers that were given out; the rest keeps the slots off its cache line. */
const HEAD_WORDS = 16;

/** What a message to another thread carries. */
export type IdsShare = SharedArrayBuffer;

export class SharedIds {
  readonly share: IdsShare;
  readonly #count: Int32Array;
  /** Number + 1 of an id, or 0 for a free slot. */
  readonly #slots: Int32Array;
  readonly #ids: Uint8Array;
  /** A number that nobody else has, for the next new id: what a lost race leaves over. */
  #spare = -1;

  /**
   * @param share of the set that another thread made; without it a new one
   * @param most ids that a new set keeps, a power of two
   */
  constructor(share?: IdsShare, most = MAX_IDS) {
    // One piece: the larger it is, the surer the system gives pages only when they are touched.
    this.share = share ?? new SharedArrayBuffer(bytesFor(most));
    const ids = (this.share.byteLength - HEAD_WORDS * 4) / (SHA256_BYTES + SPARSENESS * 4);
    this.#count = new Int32Array(this.share, 0, 1);
    this.#slots = new Int32Array(this.share, HEAD_WORDS * 4, ids * SPARSENESS);
    this.#ids = new Uint8Array(this.share, (HEAD_WORDS + ids * SPARSENESS) * 4);
  }

  /**
   * Whether the id that stands in `bytes` at `at` is new: exactly one of all who ever claim it hears so. A set that is full says so
   * of every id that it has not kept; a chunk is stored twice then, and that is waste, not damage.
   */
  claim(bytes: Uint8Array, at: number): boolean {
    const mask = this.#slots.length - 1;
    const hash = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      // Not a mere load: reading a page that nobody has written to maps the kernel's page of zeros, and the write that follows then has
      // to interrupt every thread to take it away again. That took longer than all else here.
      let number = Atomics.or(this.#slots, slot, 0);
      if (number === 0) {
        const own = this.#spareWith(bytes, at);
        if (own === -1) return true;
        number = Atomics.compareExchange(this.#slots, slot, 0, own + 1);
        if (number === 0) {
          this.#spare = -1;
          return true;
        }
      }
      if (this.#isAt(bytes, at, (number - 1) * SHA256_BYTES)) return false;
    }
  }

  /** The spare number, with the id written to it; -1 if there are no more. */
  #spareWith(bytes: Uint8Array, at: number): number {
    if (this.#spare === -1) {
      const most = this.#ids.length / SHA256_BYTES;
      // Asked first, so that a full set does not count on and on.
      if (Atomics.load(this.#count, 0) >= most) return -1;
      const number = Atomics.add(this.#count, 0, 1);
      if (number >= most) return -1;
      this.#spare = number;
    }
    const own = this.#spare * SHA256_BYTES;
    for (let i = 0; i < SHA256_BYTES; i++) this.#ids[own + i] = bytes[at + i]!;
    return this.#spare;
  }

  #isAt(bytes: Uint8Array, at: number, own: number): boolean {
    for (let i = 0; i < SHA256_BYTES; i++) if (this.#ids[own + i] !== bytes[at + i]) return false;
    return true;
  }
}

function bytesFor(most: number): number {
  return HEAD_WORDS * 4 + most * (SHA256_BYTES + SPARSENESS * 4);
}
