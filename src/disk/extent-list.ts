/** The extents of a file in the making, packed: they go from a thread to whoever keeps them, without becoming objects. */

import type { Sha256 } from '../base/index.ts';
import { EXTENT_BYTES, extentLength, unpackExtents, writeExtent } from '../tree/index.ts';

const FIRST_EXTENTS = 256;
const NO_HOLE = -1;

export class ExtentList {
  #bytes = new Uint8Array(FIRST_EXTENTS * EXTENT_BYTES);
  #length = 0;
  /** Where the hole stands that may still grow: two holes never touch. */
  #hole = NO_HOLE;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  chunk(id: Sha256, length: number): void {
    this.#add(id, length);
    this.#hole = NO_HOLE;
  }

  hole(length: number): void {
    if (this.#hole === NO_HOLE) {
      this.#hole = this.#length;
      this.#add(undefined, length);
    } else {
      const grown = extentLength(this.#bytes, this.#hole) + length;
      writeExtent(this.#bytes, this.#hole, { chunk: undefined, length: grown });
    }
  }

  /** Adds extents that are packed already. @returns how many bytes of the file they cover */
  append(packed: Uint8Array): number {
    let total = 0;
    for (const { chunk, length } of unpackExtents(packed)) {
      if (chunk === undefined) this.hole(length);
      else this.chunk(chunk, length);
      total += length;
    }
    return total;
  }

  /** What comes next belongs to another file. */
  separate(): void {
    this.#hole = NO_HOLE;
  }

  /** Forgets what came after the first `length` bytes. */
  cutBack(length: number): void {
    this.#length = length;
    this.#hole = NO_HOLE;
  }

  /** A copy of all. The list is empty afterwards. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.slice(0, this.#length);
    this.cutBack(0);
    return taken;
  }

  /** All of them: a view, good until the list changes. */
  get packed(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #add(chunk: Sha256 | undefined, length: number): void {
    const at = this.#length;
    this.#length += EXTENT_BYTES;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    writeExtent(this.#bytes, at, { chunk, length });
  }
}
