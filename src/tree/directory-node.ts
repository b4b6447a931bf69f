/** The nodes of a directory, to bytes and back: pages of entries, and indexes over them (docs/design.md 3.5). */

import { compareBytes } from '../base/index.ts';
import type { ByteReader, Sha256 } from '../base/index.ts';
import type { Entry, TreeRef } from './entry.ts';
import { TREE_BYTES, readEntry, readTree, writeEntry, writeTree } from './entry-record.ts';
import { digestNode } from './directory-digest.ts';
import { checkEntry, nameFlaw } from './limits.ts';
import { NODE_CODES, openNode, readCount, readLevel, startNode } from './node-head.ts';

/** An item of a directory index: a node one level below. */
export interface Subtree {
  readonly kind: 'subtree';
  /** 0: a page. */
  readonly level: number;
  /** The name that it starts with. */
  readonly name: Uint8Array;
  readonly tree: TreeRef;
}

export type DirectoryNode =
  | { readonly kind: 'page'; readonly level: 0; readonly items: readonly Entry[] }
  | { readonly kind: 'index'; readonly level: number; readonly items: readonly Subtree[] };

/** The fewest bytes of an entry (a whiteout of one letter) and of an index item; they bound forged counts. */
const MIN_ENTRY_BYTES = 1 + 2 + 2 + 1 + 8;
const MIN_SUBTREE_BYTES = 2 + 1 + TREE_BYTES;

/** @returns bytes that are good until the next node is written */
export function writeDirectory(node: DirectoryNode): Uint8Array {
  if (node.kind === 'page') {
    const writer = startNode('directoryPage').u32(node.items.length);
    for (const entry of node.items) writeEntry(writer, entry);
    return writer.written;
  }
  const writer = startNode('directoryIndex').u8(node.level).u32(node.items.length);
  for (const { name, tree } of node.items) writeTree(writer.short(name), tree);
  return writer.written;
}

/** As `writeDirectory`, to be kept. */
export function encodeDirectory(node: DirectoryNode): Uint8Array {
  return writeDirectory(node).slice();
}

export function digestDirectory(node: DirectoryNode): Sha256 {
  return digestNode(writeDirectory(node));
}

/**
 * The result has views of `bytes`.
 *
 * @param id names the node in errors
 * @throws integrity, unsupported_format
 */
export function decodeDirectory(id: Sha256, bytes: Uint8Array): DirectoryNode {
  const reader = openNode(id, bytes);
  const code = reader.u8();
  if (code === NODE_CODES.directoryPage) return { kind: 'page', level: 0, items: readPage(reader) };
  if (code !== NODE_CODES.directoryIndex) return reader.fail('it is no directory');
  const level = readLevel(reader);
  return { kind: 'index', level, items: readIndex(reader, level) };
}

function readPage(reader: ByteReader): Entry[] {
  const fail = (reason: string) => reader.fail(reason);
  const entries: Entry[] = [];
  for (let rest = readCount(reader, MIN_ENTRY_BYTES, 0); rest > 0; rest--) {
    const entry = readEntry(reader);
    checkEntry(entry, fail);
    checkOrder(entries.at(-1), entry, reader);
    entries.push(entry);
  }
  reader.end();
  return entries;
}

function readIndex(reader: ByteReader, level: number): Subtree[] {
  const items: Subtree[] = [];
  for (let rest = readCount(reader, MIN_SUBTREE_BYTES, 1); rest > 0; rest--) {
    const name = reader.short();
    const flaw = nameFlaw(name);
    if (flaw !== undefined) reader.fail(flaw);
    const item: Subtree = { kind: 'subtree', level: level - 1, name, tree: readTree(reader) };
    checkOrder(items.at(-1), item, reader);
    items.push(item);
  }
  reader.end();
  return items;
}

function checkOrder(before: Entry | Subtree | undefined, item: Entry | Subtree, reader: ByteReader): void {
  if (before !== undefined && compareBytes(before.name, item.name) >= 0)
    reader.fail('its names are not in ascending order');
}
