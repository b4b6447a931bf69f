/** The nodes of a long file's extents, to bytes and back: pages of extents, and indexes over them (docs/design.md 3.5). */

import { SHA256_BYTES } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { EXTENT_BYTES, checkExtents } from './extent.ts';
import { NODE_CODES, openNode, readCount, readLevel, startNode } from './node-head.ts';

/** An item of an extent index: a node one level below. */
export interface ExtentList {
  readonly node: Sha256;
  /** Bytes of the file that it covers. */
  readonly bytes: number;
}

export type ExtentNode =
  | { readonly kind: 'page'; readonly level: 0; readonly extents: Uint8Array; readonly bytes: number }
  | {
      readonly kind: 'index';
      readonly level: number;
      readonly items: readonly ExtentList[];
      readonly bytes: number;
    };

/** @returns bytes that are good until the next node is written; so does `writeExtentIndex` */
export function writeExtentPage(extents: Uint8Array): Uint8Array {
  return startNode('extentPage')
    .u32(extents.length / EXTENT_BYTES)
    .bytes(extents).written;
}

export function writeExtentIndex(level: number, items: readonly ExtentList[]): Uint8Array {
  const writer = startNode('extentIndex').u8(level).u32(items.length);
  for (const { node, bytes } of items) writer.bytes(node).u64(bytes);
  return writer.written;
}

/** As `writeExtentPage`, to be kept. */
export function encodeExtentPage(extents: Uint8Array): Uint8Array {
  return writeExtentPage(extents).slice();
}

export function encodeExtentIndex(level: number, items: readonly ExtentList[]): Uint8Array {
  return writeExtentIndex(level, items).slice();
}

/**
 * The result has views of `bytes`.
 *
 * @param id names the node in errors
 * @throws integrity, unsupported_format
 */
export function decodeExtents(id: Sha256, bytes: Uint8Array): ExtentNode {
  const reader = openNode(id, bytes);
  const code = reader.u8();
  if (code === NODE_CODES.extentPage) {
    const extents = reader.bytes(readCount(reader, EXTENT_BYTES, 1) * EXTENT_BYTES);
    reader.end();
    return { kind: 'page', level: 0, extents, bytes: checkExtents(extents, (reason) => reader.fail(reason)) };
  }
  if (code !== NODE_CODES.extentIndex) return reader.fail('it is no list of extents');
  const level = readLevel(reader);
  const items: ExtentList[] = [];
  let total = 0;
  for (let rest = readCount(reader, SHA256_BYTES + 8, 1); rest > 0; rest--) {
    const item = { node: reader.bytes(SHA256_BYTES) as Sha256, bytes: reader.u64() };
    total += item.bytes;
    items.push(item);
  }
  reader.end();
  if (!Number.isSafeInteger(total)) reader.fail('a file is too long');
  return { kind: 'index', level, items, bytes: total };
}
