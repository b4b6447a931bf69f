/** Chunks become blocks, blocks become the parts of packs. Stores nothing and waits for nothing, so it runs on any thread. */

import { ByteWriter, SHA256_BYTES, StrataError, concatBytes, plainBytes, putWord } from '../base/index.ts';
import type { Random, Sha256 } from '../base/index.ts';
import { HEADER_BYTES, MAX_FRAME_PLAIN, OBJECT_TYPES, ObjectSealer } from '../chunk/index.ts';
import type { Sealed, SealingKey } from '../chunk/index.ts';
import { packIdentity } from './names.ts';
import type { PackId, PackType, TenantId } from './names.ts';
import { sealTrailer } from './sealed-object.ts';
import { CHUNK_ROW_BYTES, MAX_PACK_CHUNKS } from './table.ts';

/**
 * Plain bytes at which a block is sealed: one zstd call and one AEAD call for all its chunks. Half of that takes 5 to 7 % longer for file data, and
 * who reads a single chunk has a block less long to unpack. Single nodes of trees are read all the time, and chunks of short files more
 * often than those of long ones.
 */
const BLOCK_BYTES: Readonly<Record<PackType | 'long', number>> = {
  tree: 1024 * 1024,
  data: 2 * 1024 * 1024,
  long: 4 * 1024 * 1024,
};
/** A block is long while its chunks of data have so many bytes each, in the mean: half of what the rule of the cuts gives long files. */
const LONG_CHUNK = 32 * 1024;
/** Chunks at which a block is sealed: tiny files must not fill the table of their pack in one block. */
const BLOCK_CHUNKS = 16 * 1024;
/** Stored bytes at which a pack is closed. A service gets it when it is complete, so a large one leaves the line idle first and busy last. */
const PACK_BYTES = 16 * 1024 * 1024;
/** Rows of a block for which there is room at first. */
const FIRST_ROWS = 256;

export interface PackMakerWorld {
  readonly type: PackType;
  readonly tenant: TenantId;
  readonly key: SealingKey;
  readonly random: Random;
  /** The next pack id of the save's intent. */
  readonly nextPackId: () => PackId;
  /** Takes over each part, and its memory. */
  readonly emit: (part: PackPart) => void;
}

/** What becomes of chunks, in the order in which a store takes it; the parts of different packs may be mixed. */
export type PackPart =
  | { readonly kind: 'bytes'; readonly type: PackType; readonly pack: PackId; readonly bytes: Sealed }
  /** The pack is complete. `table` is plain: what its trailer says. */
  | { readonly kind: 'end'; readonly type: PackType; readonly pack: PackId; readonly table: Uint8Array };

interface OpenPack {
  readonly id: PackId;
  readonly sealer: ObjectSealer;
  blocks: number;
  chunks: number;
  bytes: number;
}

/** Makes the packs of one type, one after another. */
export class PackMaker {
  readonly #world: PackMakerWorld;
  #block: Uint8Array = new Uint8Array(0);
  #blockLength = 0;
  #rows = new Uint8Array(FIRST_ROWS * CHUNK_ROW_BYTES);
  #rowCount = 0;
  #pack: OpenPack | undefined;
  /** Rows of the blocks of the open pack, as its table has them. One for all packs: that of a million small files grows to 5 MB. */
  readonly #blockRows = new ByteWriter();

  constructor(world: PackMakerWorld) {
    this.#world = world;
  }

  /** Takes one new chunk, at most `MAX_FRAME_PLAIN` bytes; `bytes` may be reused afterwards. */
  add(id: Sha256, bytes: Uint8Array): void {
    if (bytes.length > MAX_FRAME_PLAIN) throw new StrataError('internal', 'a chunk is too long for a block');
    if (this.#blockLength > 0 && this.#blockLength + bytes.length > this.#most()) this.#sealBlock();
    if (this.#blockLength + bytes.length > this.#block.length)
      // Not zeroed, which would touch all of it: only what was written is read.
      this.#block = plainBytes(Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES.long, bytes.length)));
    this.#block.set(bytes, this.#blockLength);
    this.#blockLength += bytes.length;
    this.#addRow(id, bytes.length);
    if (this.#blockLength >= this.#most() || this.#rowCount >= BLOCK_CHUNKS) this.#sealBlock();
  }

  /** Gives away what is still open. */
  finish(): void {
    if (this.#rowCount > 0) this.#sealBlock();
    this.#endPack();
  }

  /** Bytes at which the open block is sealed. */
  #most(): number {
    const { type } = this.#world;
    const long = type === 'data' && this.#blockLength >= this.#rowCount * LONG_CHUNK;
    return BLOCK_BYTES[long ? 'long' : type];
  }

  #addRow(id: Sha256, length: number): void {
    const at = this.#rowCount++ * CHUNK_ROW_BYTES;
    if (at === this.#rows.length) {
      const grown = new Uint8Array(at * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    this.#rows.set(id, at);
    putWord(this.#rows, at + SHA256_BYTES, length);
  }

  #sealBlock(): void {
    const pack = (this.#pack ??= this.#openPack());
    const plain = this.#block.subarray(0, this.#blockLength);
    const parts = pack.sealer.frameParts(pack.blocks, plain);
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    this.#blockRows
      .u32(pack.bytes)
      .u32(length)
      .u32(plain.length)
      .u32(this.#rowCount)
      .bytes(this.#rows.subarray(0, this.#rowCount * CHUNK_ROW_BYTES));
    pack.blocks += 1;
    pack.bytes += length;
    pack.chunks += this.#rowCount;
    for (const part of parts) this.#emitBytes(pack.id, part);
    this.#blockLength = 0;
    this.#rowCount = 0;
    if (pack.bytes >= PACK_BYTES || pack.chunks + BLOCK_CHUNKS > MAX_PACK_CHUNKS) this.#endPack();
  }

  #openPack(): OpenPack {
    const { type, tenant, key, random, nextPackId } = this.#world;
    const id = nextPackId();
    const sealer = new ObjectSealer(key, packIdentity(tenant, type, id), random);
    // Not the sealer's own: whoever takes a part may take its memory.
    this.#emitBytes(id, sealer.header.slice() as Sealed);
    this.#blockRows.clear();
    return { id, sealer, blocks: 0, chunks: 0, bytes: HEADER_BYTES };
  }

  #endPack(): void {
    const pack = this.#pack;
    if (pack === undefined) return;
    this.#pack = undefined;
    const { type, tenant } = this.#world;
    const head = new ByteWriter().u8(OBJECT_TYPES[type]).bytes(pack.id).u32(pack.blocks).finish();
    const table = concatBytes([head, this.#blockRows.written]);
    for (const part of sealTrailer(pack.sealer, packIdentity(tenant, type, pack.id), pack.bytes, table))
      this.#emitBytes(pack.id, part);
    this.#world.emit({ kind: 'end', type, pack: pack.id, table });
  }

  #emitBytes(pack: PackId, bytes: Sealed): void {
    this.#world.emit({ kind: 'bytes', type: this.#world.type, pack, bytes });
  }
}
