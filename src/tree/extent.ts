/**
 * Extents: which bytes of a file come from which chunk. Packed, each is 40 bytes: the chunk's id (32 zero bytes: a hole) and
 * a u64 length. They stay packed from disk to memory: a file of 1 TiB has 17 million.
 */

import { SHA256_BYTES, copyBytes, putWord } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Fail } from './limits.ts';

/** Bytes of one packed extent. */
export const EXTENT_BYTES = SHA256_BYTES + 8;

/** The longest chunk, in bytes: it has to fit into a block. Holes have no such limit. */
export const MAX_CHUNK_LENGTH = 16 * 1024 * 1024;

export interface Extent {
  /** Undefined: a hole, all zero. */
  readonly chunk: Sha256 | undefined;
  /** Bytes, at least 1. */
  readonly length: number;
}

/**
 * The packed extents one by one. The ids are views of `packed`.
 *
 * @param packed checked extents, as decoded nodes and entries have them
 */
export function* unpackExtents(packed: Uint8Array): Generator<Extent, void> {
  for (let at = 0; at < packed.length; at += EXTENT_BYTES) {
    const chunk = isHole(packed, at) ? undefined : (packed.subarray(at, at + SHA256_BYTES) as Sha256);
    yield { chunk, length: extentLength(packed, at) };
  }
}

export function packExtents(extents: readonly Extent[]): Uint8Array {
  const packed = new Uint8Array(extents.length * EXTENT_BYTES);
  let at = 0;
  for (const extent of extents) {
    writeExtent(packed, at, extent);
    at += EXTENT_BYTES;
  }
  return packed;
}

/** Packs one, over whatever is there. */
export function writeExtent(packed: Uint8Array, at: number, { chunk, length }: Extent): void {
  if (chunk === undefined) packed.fill(0, at, at + SHA256_BYTES);
  else copyBytes(chunk, 0, SHA256_BYTES, packed, at);
  putWord(packed, at + SHA256_BYTES, length);
  putWord(packed, at + SHA256_BYTES + 4, Math.floor(length / 0x1_0000_0000));
}

/** @returns how many bytes they cover together */
export function checkExtents(packed: Uint8Array, fail: Fail): number {
  if (packed.length % EXTENT_BYTES !== 0) fail('an extent is cut short');
  let total = 0;
  let afterHole = false;
  for (let at = 0; at < packed.length; at += EXTENT_BYTES) {
    const length = extentLength(packed, at);
    const hole = isHole(packed, at);
    if (length === 0) fail('an extent is empty');
    if (hole && afterHole) fail('two holes touch');
    if (!hole && length > MAX_CHUNK_LENGTH) fail('a chunk is too long');
    total += length;
    afterHole = hole;
  }
  if (!Number.isSafeInteger(total)) fail('a file is too long');
  return total;
}

export function startsInHole(packed: Uint8Array): boolean {
  return isHole(packed, 0);
}

export function endsInHole(packed: Uint8Array): boolean {
  return isHole(packed, packed.length - EXTENT_BYTES);
}

/** Whether the extent at `at` is one. */
export function isHole(packed: Uint8Array, at: number): boolean {
  for (let i = at; i < at + SHA256_BYTES; i++) if (packed[i] !== 0) return false;
  return true;
}

/** Of the extent at `at`. May be past the safe integers, never below its true value rounded; `checkExtents` refuses such totals. */
export function extentLength(packed: Uint8Array, at: number): number {
  return wordAt(packed, at + SHA256_BYTES) + wordAt(packed, at + SHA256_BYTES + 4) * 0x1_0000_0000;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
