/** The table of a pack: which chunks are in which of its blocks. It is the pack's trailer and a part of an index segment. */

import { ByteReader, ByteWriter, SHA256_BYTES } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
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

export interface BlockRow {
  /** Where its frame starts in the pack. */
  readonly offset: number;
  /** With the frame's head. Bytes. */
  readonly frameLength: number;
  readonly plainLength: number;
  readonly chunks: readonly ChunkRow[];
}

export interface PackTable {
  readonly type: PackType;
  readonly pack: PackId;
  /** In the order of their frames: the index of a block is its frame's number. */
  readonly blocks: readonly BlockRow[];
}

const BLOCK_ROW_BYTES = 16;
const CHUNK_ROW_BYTES = SHA256_BYTES + 4;

export function encodeTable(table: PackTable, writer = new ByteWriter()): ByteWriter {
  writer.u8(OBJECT_TYPES[table.type]).bytes(table.pack).u32(table.blocks.length);
  for (const block of table.blocks) {
    writer.u32(block.offset).u32(block.frameLength).u32(block.plainLength).u32(block.chunks.length);
    for (const chunk of block.chunks) writer.bytes(chunk.id).u32(chunk.length);
  }
  return writer;
}

/** Reads one table and leaves the reader behind it. The ids are views of the reader's bytes. @throws integrity */
export function decodeTable(reader: ByteReader): PackTable {
  const code = reader.u8();
  const type =
    code === OBJECT_TYPES.data
      ? 'data'
      : code === OBJECT_TYPES.tree
        ? 'tree'
        : reader.fail('its pack type is unknown');
  const pack = reader.bytes(ID_BYTES).slice() as Uint8Array as PackId;
  const blocks: BlockRow[] = [];
  let nextOffset = HEADER_BYTES;
  let chunks = 0;
  for (let left = reader.count(BLOCK_ROW_BYTES); left > 0; left--) {
    const block = decodeBlock(reader);
    if (block.offset !== nextOffset) reader.fail('its blocks do not follow one another');
    nextOffset += block.frameLength;
    chunks += block.chunks.length;
    blocks.push(block);
  }
  if (chunks > MAX_PACK_CHUNKS) reader.fail('it has too many chunks');
  return { type, pack, blocks };
}

export function decodeOnlyTable(bytes: Uint8Array, what: string): PackTable {
  const reader = new ByteReader(bytes, what);
  const table = decodeTable(reader);
  reader.end();
  return table;
}

function decodeBlock(reader: ByteReader): BlockRow {
  const offset = reader.u32();
  const frameLength = reader.u32();
  const plainLength = reader.u32();
  if (frameLength <= FRAME_HEADER_BYTES || plainLength > MAX_FRAME_PLAIN)
    reader.fail('a block has an impossible length');
  const chunks: ChunkRow[] = [];
  let sum = 0;
  for (let left = reader.count(CHUNK_ROW_BYTES); left > 0; left--) {
    const chunk = { id: reader.bytes(SHA256_BYTES) as Sha256, length: reader.u32() };
    sum += chunk.length;
    chunks.push(chunk);
  }
  if (sum !== plainLength) reader.fail('the chunks of a block do not fill it');
  return { offset, frameLength, plainLength, chunks };
}
