/** Where each chunk is, in memory. It is filled from the tables of packs, which index segments carry. */

import { toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { IdTable } from './id-table.ts';
import type { PackId, PackType } from './names.ts';
import type { PackTable } from './table.ts';

/** One block of a pack that the index knows. Objects of this are shared by all chunks of the block. */
export interface BlockPlace {
  readonly type: PackType;
  readonly pack: PackId;
  /** The number of its frame. */
  readonly number: number;
  readonly offset: number;
  readonly frameLength: number;
  readonly plainLength: number;
}

export interface ChunkPlace {
  readonly block: BlockPlace;
  /** In the plain block. */
  readonly offset: number;
  readonly length: number;
}

const FIRST_CAPACITY = 1024;
/** Numbers per chunk: its block, its offset in it, its length. */
const FIELDS = 3;

export class ChunkIndex {
  readonly #ids = new IdTable();
  readonly #blocks: BlockPlace[] = [];
  #places = new Uint32Array(FIRST_CAPACITY * FIELDS);
  #bytes = 0;
  /** Ids in hex. */
  readonly #packs = new Set<string>();

  /** How many packs. */
  get packs(): number {
    return this.#packs.size;
  }

  /** How many different chunks. */
  get size(): number {
    return this.#ids.size;
  }

  /** Their plain bytes. */
  get plainBytes(): number {
    return this.#bytes;
  }

  /** Adds every chunk of a pack that is not known yet; the first place of a chunk stays. */
  addTable(table: PackTable): void {
    const pack = toHex(table.pack);
    // Two segments may tell of one pack, and a pack never changes.
    if (this.#packs.has(pack)) return;
    this.#packs.add(pack);
    for (const [number, block] of table.blocks.entries()) {
      const { offset, frameLength, plainLength } = block;
      this.#blocks.push({ type: table.type, pack: table.pack, number, offset, frameLength, plainLength });
      let at = 0;
      for (const { id, length } of block.chunks) {
        if (this.#ids.add(id)) this.#place(this.#blocks.length - 1, at, length);
        at += length;
      }
    }
  }

  has(id: Sha256): boolean {
    return this.#ids.find(id) !== -1;
  }

  find(id: Sha256): ChunkPlace | undefined {
    const number = this.#ids.find(id);
    if (number === -1) return undefined;
    const at = number * FIELDS;
    return {
      block: this.#blocks[this.#places[at]!]!,
      offset: this.#places[at + 1]!,
      length: this.#places[at + 2]!,
    };
  }

  /** Says where the id added last is. */
  #place(block: number, offset: number, length: number): void {
    const at = (this.#ids.size - 1) * FIELDS;
    if (at === this.#places.length) {
      const grown = new Uint32Array(at * 2);
      grown.set(this.#places);
      this.#places = grown;
    }
    this.#places[at] = block;
    this.#places[at + 1] = offset;
    this.#places[at + 2] = length;
    this.#bytes += length;
  }
}
