/**
 * What a tree may hold, checked when nodes are written and again when they are read: the writer must not store what no
 * reader accepts, and the bytes that a reader gets may come from an enemy. Every number is of docs/design.md 3.5.
 */

import type { Entry } from './entry.ts';
import { checkExtents, EXTENT_BYTES } from './extent.ts';

/** Bytes of a name: what Linux file systems take. */
export const MAX_NAME_BYTES = 255;

/** Bytes of a link target: Linux's PATH_MAX less its NUL. */
const MAX_TARGET_BYTES = 4095;

/** Names in a path. Bounds what a hostile tree makes a reader hold open; real trees end far above. */
export const MAX_DEPTH = 8192;

/** Items of one node. */
export const MAX_ITEMS = 1024;

/** An index of level 8 stands over more than 2^53 extents, at 64 a node, so no honest tree is higher. */
export const MAX_LEVEL = 8;

/** Extents that an entry keeps itself; more are listed in nodes of their own. */
export const INLINE_EXTENTS = 16;

const MODE_BITS = 0o777;
const SLASH = 0x2f;
const DOT = 0x2e;

/** Ends the operation with the error that suits the caller: `internal` for a writer, `integrity` for a reader. */
export type Fail = (reason: string) => never;

/** @returns what is wrong with `name`, or undefined */
export function nameFlaw(name: Uint8Array): string | undefined {
  if (name.length === 0) return 'a name is empty';
  if (name.length > MAX_NAME_BYTES) return `a name is longer than ${MAX_NAME_BYTES} bytes`;
  if (name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT)))
    return 'a name is . or ..';
  for (let at = 0; at < name.length; at++) {
    const byte = name[at];
    if (byte === SLASH) return 'a name has a / in it';
    if (byte === 0) return 'a name has a NUL byte in it';
  }
  return undefined;
}

export function checkEntry(entry: Entry, fail: Fail): void {
  const flaw = nameFlaw(entry.name);
  if (flaw !== undefined) fail(flaw);
  if ((entry.mode & ~MODE_BITS) !== 0) fail('a mode has more than permission bits');
  if (!Number.isSafeInteger(entry.mtime)) fail('a time is out of range');
  if (entry.kind === 'file') {
    if (!Number.isSafeInteger(entry.size) || entry.size < 0) fail('a size is out of range');
    if (entry.content.form === 'listed') return;
    const { extents } = entry.content;
    if (extents.length > INLINE_EXTENTS * EXTENT_BYTES) fail('an entry has too many extents of its own');
    if (checkExtents(extents, fail) !== entry.size) fail('the extents of a file do not add up to its size');
  } else if (entry.kind === 'symlink') {
    const { length } = entry.target;
    if (length === 0 || length > MAX_TARGET_BYTES) fail(`a link target has ${length} bytes`);
    if (entry.target.includes(0)) fail('a link target has a NUL byte in it');
  } else if (entry.kind === 'whiteout') {
    if (entry.mode !== 0 || entry.mtime !== 0) fail('a whiteout has a mode or a time');
  }
}
