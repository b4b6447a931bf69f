/** The extents of a file in the making, packed: they go from a thread to whoever keeps them, without becoming objects. */

import { SHA256_BYTES } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { EXTENT_BYTES, unpackExtents } from '../tree/index.ts';

const FIRST_EXTENTS = 256;
const NO_HOLE = -1;

export class ExtentList {
  #bytes = new Uint8Array(FIRST_EXTENTS * EXTENT_BYTES);
  #view = new DataView(this.#bytes.buffer);
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
      this.#setLength(this.#hole, this.#lengthAt(this.#hole) + length);
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
    this.#length = 0;
    this.#hole = NO_HOLE;
    return taken;
  }

  #add(id: Sha256 | undefined, length: number): void {
    const at = this.#length;
    this.#length += EXTENT_BYTES;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    if (id === undefined) this.#bytes.fill(0, at, at + SHA256_BYTES);
    else this.#bytes.set(id, at);
    this.#setLength(at, length);
  }

  #lengthAt(at: number): number {
    const low = this.#view.getUint32(at + SHA256_BYTES, true);
    return low + this.#view.getUint32(at + SHA256_BYTES + 4, true) * 2 ** 32;
  }

  #setLength(at: number, length: number): void {
    this.#view.setUint32(at + SHA256_BYTES, length >>> 0, true);
    this.#view.setUint32(at + SHA256_BYTES + 4, Math.floor(length / 2 ** 32), true);
  }
}
