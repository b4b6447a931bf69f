/** What all kinds of nodes start with: a version and a kind, then the level of an index and a count. */

import { ByteReader, ByteWriter, StrataError, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { MAX_ITEMS, MAX_LEVEL } from './limits.ts';

/** Second byte of every node; part of the format. */
export const NODE_CODES = { directoryPage: 1, directoryIndex: 2, extentPage: 3, extentIndex: 4 } as const;

const NODE_VERSION = 1;

/** All nodes are written here, one at a time: new memory for each would cost more than the writing. */
const writer = new ByteWriter();

/** What is written is good until the next node is begun. */
export function startNode(kind: keyof typeof NODE_CODES): ByteWriter {
  return writer.clear().u8(NODE_VERSION).u8(NODE_CODES[kind]);
}

/** Reads the version of a node. */
export function openNode(id: Sha256, bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes, () => `tree node ${toHex(id)}`);
  const version = reader.u8();
  if (version === NODE_VERSION) return reader;
  throw new StrataError(
    'unsupported_format',
    `tree node ${toHex(id)} has format version ${version}; this program knows version ${NODE_VERSION}`,
    { hint: 'Use the newer version of Strata that wrote it.' },
  );
}

export function readLevel(reader: ByteReader): number {
  const level = reader.u8();
  if (level < 1 || level > MAX_LEVEL) reader.fail(`it is an index of level ${level}`);
  return level;
}

/** @param minimum of items */
export function readCount(reader: ByteReader, itemBytes: number, minimum: number): number {
  const count = reader.count(itemBytes);
  if (count < minimum || count > MAX_ITEMS) reader.fail(`it has ${count} items`);
  return count;
}
