/** The scan for cutting candidates, a byte at a time: what the fast one is held against, and what stands in for it on old machines. */

import type { CutTables } from './cut.ts';

/** Bytes that decide whether a position is a candidate. */
const PREFILTER_WINDOW = 8;
/** Bytes that decide how strong a candidate is. */
export const STRENGTH_WINDOW = 32;

/** Its two halves differ, so runs of equal bytes, and of 2 or 4 bytes repeated, have no candidates. */
const CANDIDATE = 0x1b;

/** See `Scan`. About 0.4 GB/s. */
export function scanScalar(
  tables: CutTables,
  bytes: Uint8Array,
  from: number,
  to: number,
  shift: number,
): number {
  const table = tables.byte;
  let sum = 0;
  for (let at = from - PREFILTER_WINDOW; at < from; at++) sum = rotate(sum) ^ table[bytes[at]!]!;
  for (let at = from; at < to; at++) {
    if (sum === CANDIDATE && strength(tables, bytes, at) >>> shift === 0) return at;
    // A byte leaves the window after eight turns, and eight turns of eight bits are none.
    sum = rotate(sum) ^ table[bytes[at]!]! ^ table[bytes[at - PREFILTER_WINDOW]!]!;
  }
  return -1;
}

function rotate(sum: number): number {
  return ((sum << 1) | (sum >>> 7)) & 0xff;
}

function strength(tables: CutTables, bytes: Uint8Array, end: number): number {
  let hash = 0;
  for (let word = 0; word < STRENGTH_WINDOW / 4; word++) {
    const at = end - STRENGTH_WINDOW + word * 4;
    const value = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = (hash + Math.imul(value + tables.add[word]!, tables.mul[word]!)) | 0;
  }
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 12);
}
