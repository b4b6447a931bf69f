/**
 * A set of chunk ids that numbers them from 0: open addressing over typed arrays, because a million ids in a Map would take
 * 200 MB and a second to load. Ids are uniform, so four of their bytes serve as the hash.
 */

import { SHA256_BYTES } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';

const FIRST_SLOTS = 1024;
/** Slots per id: linear probing stays short below a load of one half. */
const SPARSENESS = 2;

export class IdTable {
  #ids = new Uint8Array((FIRST_SLOTS / SPARSENESS) * SHA256_BYTES);
  /** Number + 1 of the id, or 0 for a free slot. */
  #slots = new Uint32Array(FIRST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @returns the id's number, or -1 */
  find(id: Sha256): number {
    return this.#slots[this.#slotOf(id)]! - 1;
  }

  /** A copy. */
  at(number: number): Sha256 {
    return this.#ids.slice(number * SHA256_BYTES, (number + 1) * SHA256_BYTES) as Sha256;
  }

  /** @returns whether the id is new; its number is then `size - 1` */
  add(id: Sha256): boolean {
    if ((this.#size + 1) * SPARSENESS > this.#slots.length) this.#grow();
    const slot = this.#slotOf(id);
    if (this.#slots[slot] !== 0) return false;
    this.#ids.set(id, this.#size * SHA256_BYTES);
    this.#slots[slot] = ++this.#size;
    return true;
  }

  /** The slot that holds the id, or the free one where it belongs. */
  #slotOf(id: Uint8Array): number {
    const mask = this.#slots.length - 1;
    let slot = (id[0]! | (id[1]! << 8) | (id[2]! << 16) | (id[3]! << 24)) & mask;
    for (;;) {
      const number = this.#slots[slot]!;
      if (number === 0 || this.#isAt(id, (number - 1) * SHA256_BYTES)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(id: Uint8Array, at: number): boolean {
    for (let i = 0; i < SHA256_BYTES; i++) if (this.#ids[at + i] !== id[i]) return false;
    return true;
  }

  #grow(): void {
    const slots = this.#slots.length * 2;
    const ids = new Uint8Array((slots / SPARSENESS) * SHA256_BYTES);
    ids.set(this.#ids);
    this.#ids = ids;
    this.#slots = new Uint32Array(slots);
    for (let number = 0; number < this.#size; number++) {
      const at = number * SHA256_BYTES;
      this.#slots[this.#slotOf(ids.subarray(at, at + SHA256_BYTES))] = number + 1;
    }
  }
}
