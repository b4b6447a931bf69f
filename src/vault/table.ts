/**
 * The table of a pack: which chunks are in which of its blocks. It is the pack's trailer and a part of an index segment.
 *
 * A million chunks are 36 MB as bytes and 300 MB as objects. So tables are kept as the bytes that they are in the format, checked
 * once; objects are for who looks at single tables.
 */

import { ByteReader, ByteWriter, SHA256_BYTES } from '../base/index.ts';
import type { Branded, Sha256 } from '../base/index.ts';
import { FRAME_HEADER_BYTES, HEADER_BYTES, ID_BYTES, MAX_FRAME_PLAIN, OBJECT_TYPES } from '../chunk/index.ts';
import type { PackId, PackType } from './names.ts';

/** Bounds the table of a pack, and with it the memory that reading one takes. */
export const MAX_PACK_CHUNKS = 131_072;
/** Of the stored object: it may have to be held whole. */
export const MAX_PACK_BYTES = 64 * 1024 * 1024;

export interface ChunkRow {
  readonly id: Sha256;
  /** Bytes. Its offset in the plain block is the sum of the lengths before it. */
  readonly length: number;
}

/** What a table says of a block, without its chunks. */
export interface BlockHead {
  /** Where its frame starts in the pack. */
  readonly offset: number;
  /** With the frame's head. Bytes. */
  readonly frameLength: number;
  readonly plainLength: number;
}

export interface BlockRow extends BlockHead {
  readonly chunks: readonly ChunkRow[];
}

export interface PackTable {
  readonly type: PackType;
  readonly pack: PackId;
  /** In the order of their frames: the index of a block is its frame's number. */
  readonly blocks: readonly BlockRow[];
}

/** A table as in docs/design.md 3.4, found true. */
export interface EncodedTable {
  readonly type: PackType;
  readonly pack: PackId;
  /** How many. */
  readonly chunks: number;
  readonly bytes: Branded<Uint8Array, 'table'>;
}

/** A block of an encoded table. */
export interface EncodedBlock extends BlockHead {
  /** A view of a whole number of rows. */
  readonly rows: Uint8Array;
}

const BLOCK_ROW_BYTES = 16;
/** An id and a u32. */
export const CHUNK_ROW_BYTES = SHA256_BYTES + 4;

export function encodeTable(table: PackTable, writer = new ByteWriter()): ByteWriter {
  writer.u8(OBJECT_TYPES[table.type]).bytes(table.pack).u32(table.blocks.length);
  for (const block of table.blocks) {
    writer.u32(block.offset).u32(block.frameLength).u32(block.plainLength).u32(block.chunks.length);
    for (const chunk of block.chunks) writer.bytes(chunk.id).u32(chunk.length);
  }
  return writer;
}

/** The same table as bytes. @throws integrity if it cannot be true */
export function encodedTable(table: PackTable): EncodedTable {
  return checkOnlyTable(encodeTable(table).finish(), 'a table');
}

/** Checks one table and leaves the reader behind it. Its bytes are a view of the reader's. @throws integrity */
export function checkTable(reader: ByteReader): EncodedTable {
  const start = reader.remaining;
  const { type, pack, blocks } = readHead(reader);
  let nextOffset = HEADER_BYTES;
  let chunks = 0;
  for (let left = blocks; left > 0; left--) {
    const { offset, frameLength, plainLength, rows } = readBlock(reader);
    if (frameLength <= FRAME_HEADER_BYTES || plainLength > MAX_FRAME_PLAIN)
      reader.fail('a block has an impossible length');
    if (sumOfLengths(rows) !== plainLength) reader.fail('the chunks of a block do not fill it');
    if (offset !== nextOffset) reader.fail('its blocks do not follow one another');
    nextOffset += frameLength;
    chunks += rows.length / CHUNK_ROW_BYTES;
  }
  if (chunks > MAX_PACK_CHUNKS) reader.fail('it has too many chunks');
  return { type, pack, chunks, bytes: reader.since(start) as EncodedTable['bytes'] };
}

/** @throws integrity also if something follows the table */
export function checkOnlyTable(bytes: Uint8Array, what: string): EncodedTable {
  const reader = new ByteReader(bytes, what);
  const table = checkTable(reader);
  reader.end();
  return table;
}

/** In the order of their frames. */
export function* blocksOf(table: EncodedTable): Generator<EncodedBlock, void> {
  const reader = new ByteReader(table.bytes, 'a table');
  for (let left = readHead(reader).blocks; left > 0; left--) yield readBlock(reader);
}

/** The same table as objects. The ids are views of its bytes. */
export function tableOf(encoded: EncodedTable): PackTable {
  const blocks = Array.from(blocksOf(encoded), ({ rows, ...head }) => ({ ...head, chunks: chunksOf(rows) }));
  return { type: encoded.type, pack: encoded.pack, blocks };
}

/** Reads one table and leaves the reader behind it. @throws integrity */
export function decodeTable(reader: ByteReader): PackTable {
  return tableOf(checkTable(reader));
}

function readHead(reader: ByteReader): Pick<EncodedTable, 'type' | 'pack'> & { blocks: number } {
  const code = reader.u8();
  const type =
    code === OBJECT_TYPES.data
      ? 'data'
      : code === OBJECT_TYPES.tree
        ? 'tree'
        : reader.fail('its pack type is unknown');
  const pack = reader.bytes(ID_BYTES).slice() as Uint8Array as PackId;
  return { type, pack, blocks: reader.count(BLOCK_ROW_BYTES) };
}

function readBlock(reader: ByteReader): EncodedBlock {
  const offset = reader.u32();
  const frameLength = reader.u32();
  const plainLength = reader.u32();
  const rows = reader.bytes(reader.count(CHUNK_ROW_BYTES) * CHUNK_ROW_BYTES);
  return { offset, frameLength, plainLength, rows };
}

function chunksOf(rows: Uint8Array): ChunkRow[] {
  const reader = new ByteReader(rows, 'a block');
  return Array.from({ length: rows.length / CHUNK_ROW_BYTES }, () => ({
    id: reader.bytes(SHA256_BYTES) as Sha256,
    length: reader.u32(),
  }));
}

function sumOfLengths(rows: Uint8Array): number {
  const view = new DataView(rows.buffer, rows.byteOffset, rows.length);
  let sum = 0;
  for (let at = SHA256_BYTES; at < rows.length; at += CHUNK_ROW_BYTES) sum += view.getUint32(at, true);
  return sum;
}
