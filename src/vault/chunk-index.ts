/**
 * Where each chunk is, in memory. It is filled from the tables of packs, which index segments carry, with no object for a chunk: a
 * million of them take 50 MB.
 */

import { equalBytes, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { ChunkRows, RowFinder } from './chunk-rows.ts';
import type { RowsShare } from './chunk-rows.ts';
import { PACK_TYPES } from './names.ts';
import type { PackId, PackType } from './names.ts';
import { CHUNK_ROW_BYTES, blocksOf, encodedTable } from './table.ts';
import type { BlockHead, EncodedBlock, EncodedTable, PackTable } from './table.ts';

/** One block of a pack that the index knows. Objects of this are shared by all chunks of the block. */
export interface BlockPlace extends BlockHead {
  readonly type: PackType;
  readonly pack: PackId;
  /** The number of its frame. */
  readonly number: number;
}

export interface ChunkPlace {
  readonly block: BlockPlace;
  /** In the plain block. */
  readonly offset: number;
  readonly length: number;
}

/** What another thread of the process can ask an index. */
export interface SharedIndex {
  /** Whether the id that stands in `bytes` at `at` is known. */
  hasAt(bytes: Uint8Array, at: number): boolean;
}

/** What a message to another thread carries. It takes no memory of its own. */
export type IndexShare = RowsShare;

/** The other side of `ChunkIndex.share`. */
export function sharedIndex(share: IndexShare): SharedIndex {
  const finder = new RowFinder(share);
  return { hasAt: (bytes, at) => finder.find(bytes, at) !== -1 };
}

/** Where all chunks of a tenant are. */
export type TenantIndex = Readonly<Record<PackType, ChunkIndex>>;

export function emptyIndex(): TenantIndex {
  return { data: new ChunkIndex(), tree: new ChunkIndex() };
}

export function addTables(index: TenantIndex, tables: Iterable<EncodedTable>): void {
  const all = [...tables];
  for (const type of PACK_TYPES) index[type].addEncoded(all.filter((table) => table.type === type));
}

export class ChunkIndex implements SharedIndex {
  readonly #rows = new ChunkRows();
  /** In its plain block, of each row. */
  #offsets = new Uint32Array(this.#rows.capacity);
  readonly #blocks: BlockPlace[] = [];
  /** The first row of each, ascending. */
  readonly #firsts: number[] = [];
  #size = 0;
  #bytes = 0;
  /** Ids in hex. */
  readonly #packs = new Set<string>();

  /** How many packs. */
  get packs(): number {
    return this.#packs.size;
  }

  /** In hex. */
  packIds(): Iterable<string> {
    return this.#packs;
  }

  /** @param id in hex */
  hasPack(id: string): boolean {
    return this.#packs.has(id);
  }

  /** How many different chunks. */
  get size(): number {
    return this.#size;
  }

  /** Their plain bytes. */
  get plainBytes(): number {
    return this.#bytes;
  }

  addTable(table: PackTable): void {
    this.addEncoded([encodedTable(table)]);
  }

  /** Adds every chunk of packs that are not known yet; the first place of a chunk stays. */
  addEncoded(tables: readonly EncodedTable[]): void {
    // Two segments may tell of one pack, and a pack never changes.
    const fresh = tables.filter(({ pack }) => !this.#packs.has(toHex(pack)));
    // At once: growing step by step means placing all of them anew each time.
    this.#reserve(fresh.reduce((sum, { chunks }) => sum + chunks, 0));
    for (const table of fresh) this.#addFresh(table);
  }

  has(id: Sha256): boolean {
    return this.hasAt(id, 0);
  }

  hasAt(bytes: Uint8Array, at: number): boolean {
    return this.#rows.find(bytes, at) !== -1;
  }

  find(id: Sha256): ChunkPlace | undefined {
    const row = this.#rows.find(id, 0);
    if (row === -1) return undefined;
    return {
      block: this.#blocks[this.#blockOf(row)]!,
      offset: this.#offsets[row]!,
      length: this.#rows.length(row),
    };
  }

  /**
   * The block in which a chunk is found and those around it in its pack, in their order.
   *
   * @param most stored bytes of those before it, and of those after it
   */
  around(id: Sha256, most: number): readonly BlockPlace[] {
    const row = this.#rows.find(id, 0);
    if (row === -1) return [];
    const at = this.#blockOf(row);
    const reach = (step: -1 | 1): number => {
      const last = this.#blocks[at]!;
      let [end, left] = [at, most];
      for (;;) {
        const next = this.#blocks[end + step];
        if (next === undefined || !equalBytes(next.pack, last.pack) || next.frameLength > left) return end;
        left -= next.frameLength;
        end += step;
      }
    };
    return this.#blocks.slice(reach(-1), reach(1) + 1);
  }

  /** How many rows there are: each chunk of each pack has one. They are numbered in the order of `blocks`. */
  get rows(): number {
    return this.#rows.count;
  }

  /** @returns the row where a chunk is found whose id stands in `bytes` at `at`, or -1 */
  rowOf(bytes: Uint8Array, at: number): number {
    return this.#rows.find(bytes, at);
  }

  /** A copy. */
  idAt(row: number): Sha256 {
    return this.#rows.id(row);
  }

  /** In its plain block. */
  offsetAt(row: number): number {
    return this.#offsets[row]!;
  }

  lengthAt(row: number): number {
    return this.#rows.length(row);
  }

  /** Every block with its rows `[first, end)`, those of one pack one after another. */
  *blocks(): Generator<{ readonly block: BlockPlace; readonly first: number; readonly end: number }, void> {
    for (const [number, block] of this.#blocks.entries())
      yield { block, first: this.#firsts[number]!, end: this.#firsts[number + 1] ?? this.rows };
  }

  /**
   * The index as it is now, for the threads of a save. What is added later they see or not: it is then stored once more, and that is
   * all.
   */
  share(): IndexShare {
    return this.#rows.share;
  }

  #reserve(chunks: number): void {
    this.#rows.reserve(chunks);
    const { capacity } = this.#rows;
    if (capacity === this.#offsets.length) return;
    const grown = new Uint32Array(capacity);
    grown.set(this.#offsets);
    this.#offsets = grown;
  }

  #addFresh(table: EncodedTable): void {
    const pack = toHex(table.pack);
    if (this.#packs.has(pack)) return;
    this.#packs.add(pack);
    let number = 0;
    for (const block of blocksOf(table)) this.#addBlock(table, number++, block);
  }

  #addBlock({ type, pack }: EncodedTable, number: number, block: EncodedBlock): void {
    const { rows, offset, frameLength, plainLength } = block;
    const first = this.#rows.append(rows);
    this.#blocks.push({ type, pack, number, offset, frameLength, plainLength });
    this.#firsts.push(first);
    let at = 0;
    for (let row = first; row < first + rows.length / CHUNK_ROW_BYTES; row++) {
      const length = this.#rows.length(row);
      this.#offsets[row] = at;
      at += length;
      if (!this.#rows.enter(row)) continue;
      this.#size++;
      this.#bytes += length;
    }
  }

  /** Which block a row is in: the last one that starts at it or before. One without rows starts where the next one does. */
  #blockOf(row: number): number {
    let low = 0;
    let high = this.#firsts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#firsts[middle]! <= row) low = middle;
      else high = middle;
    }
    return low;
  }
}
