/**
 * The digest of a directory node: over what makes two directories equal (docs/design.md 3.5).
 *
 * It is taken from the node's bytes and not from its entries. What it covers stands in them in the same order and encoding, with
 * times, nodes and summaries between; so whoever writes or reads a node has it for one pass of copying.
 */

import { SHA256_BYTES, copyBytes, sha256, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { CONTENT_CODES, TREE_BYTES } from './entry-record.ts';
import { KIND_CODES } from './entry.ts';
import { EXTENT_BYTES } from './extent.ts';
import { NODE_CODES } from './node-head.ts';

const PAGE = utf8('strata page v1');
const INDEX = utf8('strata index v1');

/** A page with its largest names and targets has 4.5 MB; most have less than this. */
const FIRST_CAPACITY = 64 * 1024;

const TIME_BYTES = 8;

/** What is hashed is put together here, one node at a time. */
let covered = new Uint8Array(FIRST_CAPACITY);

/** @param bytes a whole node, well-formed: just written, or read and checked */
export function digestNode(bytes: Uint8Array): Sha256 {
  // The name of the digest is longer than the version and the kind, in whose place it stands; everything else gets shorter.
  const most = bytes.length + INDEX.length;
  if (covered.length < most) covered = new Uint8Array(Math.max(most, covered.length * 2));
  const end = bytes[1] === NODE_CODES.directoryPage ? coverPage(bytes) : coverIndex(bytes);
  return sha256(covered.subarray(0, end));
}

/** @returns how many bytes of `covered` it filled */
function coverPage(bytes: Uint8Array): number {
  covered.set(PAGE);
  let to = copy(bytes, 2, 6, PAGE.length);
  for (let at = 6; at < bytes.length;) {
    const time = at + 5 + shortAt(bytes, at + 3);
    const own = time + TIME_BYTES;
    to = copy(bytes, at, time, to);
    const kind = bytes[at];
    if (kind === KIND_CODES.directory) {
      to = copy(bytes, own + SHA256_BYTES, own + 2 * SHA256_BYTES, to);
      at = own + TREE_BYTES;
    } else {
      at = own + ownBytes(bytes, kind, own);
      to = copy(bytes, own, at, to);
    }
  }
  return to;
}

function coverIndex(bytes: Uint8Array): number {
  covered.set(INDEX);
  let to = copy(bytes, 2, 7, INDEX.length);
  for (let at = 7; at < bytes.length;) {
    const node = at + 2 + shortAt(bytes, at);
    to = copy(bytes, node + SHA256_BYTES, node + 2 * SHA256_BYTES, to);
    at = node + TREE_BYTES;
  }
  return to;
}

/** Bytes of what an entry holds itself, behind its time. */
function ownBytes(bytes: Uint8Array, kind: number | undefined, at: number): number {
  if (kind === KIND_CODES.symlink) return 2 + shortAt(bytes, at);
  if (kind !== KIND_CODES.file) return 0;
  // u64 size · u8 form
  if (bytes[at + 8] === CONTENT_CODES.listed) return 9 + SHA256_BYTES;
  // u32 extents, of which an entry never has more than 16 bits can tell.
  return 13 + EXTENT_BYTES * shortAt(bytes, at + 9);
}

function shortAt(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/** @returns where the copy ends */
function copy(bytes: Uint8Array, from: number, end: number, to: number): number {
  copyBytes(bytes, from, end, covered, to);
  return to + end - from;
}
