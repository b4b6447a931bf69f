/**
 * The rows of tables (an id and a length each, as in docs/design.md 3.4) in memory that the threads of a process share, and where
 * among them each id stands: open addressing over typed arrays, because a million ids in a Map would take 200 MB and a second to
 * load. Ids are uniform, so four of their bytes serve as the hash.
 */

import { SHA256_BYTES } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { CHUNK_ROW_BYTES } from './table.ts';

const FIRST_ROWS = 512;
/** Slots per row: linear probing stays short below a load of one half. */
const SPARSENESS = 2;
/** Pages of rows that were never written take no memory, so there is room for half as many again. */
const ROOM = 1.5;
const ROW_WORDS = CHUNK_ROW_BYTES / 4;
const LENGTH_WORD = SHA256_BYTES / 4;

/** What a message to another thread carries: both see the same memory. */
export interface RowsShare {
  readonly rows: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
}

/** Finds rows by their ids, in any thread. */
export class RowFinder {
  readonly bytes: Uint8Array;
  /** The same memory: all machines that Node runs on here have the byte order of the format. */
  readonly words: Uint32Array;
  /** Number + 1 of a row, or 0 for a free slot. */
  readonly slots: Uint32Array;

  constructor({ rows, slots }: RowsShare) {
    this.bytes = new Uint8Array(rows);
    this.words = new Uint32Array(rows);
    this.slots = new Uint32Array(slots);
  }

  /** @returns the number of the row with the id that stands in `bytes` at `at`, or -1 */
  find(bytes: Uint8Array, at: number): number {
    return this.slots[this.slotOf(bytes, at)]! - 1;
  }

  /** The slot of that row, or the free one where it belongs. */
  slotOf(bytes: Uint8Array, at: number): number {
    const { words, slots } = this;
    const mask = slots.length - 1;
    const hash = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    let slot = hash & mask;
    for (;;) {
      const row = slots[slot]! - 1;
      if (row === -1) return slot;
      if (words[row * ROW_WORDS] === hash >>> 0 && this.#isAt(bytes, at, row)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(bytes: Uint8Array, at: number, row: number): boolean {
    const own = row * CHUNK_ROW_BYTES;
    for (let i = 4; i < SHA256_BYTES; i++) if (this.bytes[own + i] !== bytes[at + i]) return false;
    return true;
  }
}

export class ChunkRows {
  #share = makeShare(FIRST_ROWS, FIRST_ROWS * SPARSENESS);
  #finder = new RowFinder(this.#share);
  #count = 0;

  /** How many rows there is room for. */
  get capacity(): number {
    return this.#finder.words.length / ROW_WORDS;
  }

  get count(): number {
    return this.#count;
  }

  /** What is added later may not be seen through it. */
  get share(): RowsShare {
    return this.#share;
  }

  find(bytes: Uint8Array, at: number): number {
    return this.#finder.find(bytes, at);
  }

  /** A copy. */
  id(row: number): Sha256 {
    const at = row * CHUNK_ROW_BYTES;
    return this.#finder.bytes.slice(at, at + SHA256_BYTES) as Sha256;
  }

  length(row: number): number {
    return this.#finder.words[row * ROW_WORDS + LENGTH_WORD]!;
  }

  /** Makes room for so many rows more. */
  reserve(more: number): void {
    const needed = this.#count + more;
    const slots = 2 ** Math.ceil(Math.log2(needed * SPARSENESS));
    if (needed <= this.capacity && slots <= this.#finder.slots.length) return;
    const old = this.#finder;
    const capacity = needed <= this.capacity ? this.capacity : Math.ceil(needed * ROOM);
    this.#share = makeShare(capacity, Math.max(slots, old.slots.length));
    this.#finder = new RowFinder(this.#share);
    this.#finder.bytes.set(old.bytes.subarray(0, this.#count * CHUNK_ROW_BYTES));
    for (const number of old.slots) if (number !== 0) this.enter(number - 1);
  }

  /** Takes rows in, for which there is room, without entering them. @returns the number of the first */
  append(rows: Uint8Array): number {
    const first = this.#count;
    this.#finder.bytes.set(rows, first * CHUNK_ROW_BYTES);
    this.#count += rows.length / CHUNK_ROW_BYTES;
    return first;
  }

  /** Lets a row be found, unless its id is found in another one already. @returns whether it is now */
  enter(row: number): boolean {
    const { words, slots } = this.#finder;
    const mask = slots.length - 1;
    const hash = words[row * ROW_WORDS]!;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const other = slots[slot]! - 1;
      if (other === -1) {
        slots[slot] = row + 1;
        return true;
      }
      if (words[other * ROW_WORDS] === hash && this.#isSame(row, other)) return false;
    }
  }

  #isSame(row: number, other: number): boolean {
    const { words } = this.#finder;
    for (let i = 1; i < LENGTH_WORD; i++)
      if (words[row * ROW_WORDS + i] !== words[other * ROW_WORDS + i]) return false;
    return true;
  }
}

function makeShare(rows: number, slots: number): RowsShare {
  return {
    rows: new SharedArrayBuffer(rows * CHUNK_ROW_BYTES),
    slots: new SharedArrayBuffer(slots * Uint32Array.BYTES_PER_ELEMENT),
  };
}
