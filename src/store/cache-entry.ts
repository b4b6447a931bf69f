/** Reading what a cache has kept: only what proves itself. */

import { readSync } from 'node:fs';

import { SHA256_BYTES, equalBytes, giveWay, plainBytes, sha256 } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { PART_BYTES, contentLength, countParts, proofBytes, proofOf } from './cache-proof.ts';
import type { Subject } from './cache-proof.ts';
import type { GetOptions } from './store.ts';

/** Parts that are read and hashed before others have their turn: about 4 ms. */
const PARTS_AT_ONCE = 64;

/**
 * @param file a plain file
 * @param size of the file, bytes
 * @param wanted bytes of the object
 * @returns the bytes, in memory of the caller's own; `other` if the entry is sound and they are not in it, or not all of the object is
 *   asked for that it is; `unproven` if it is not what it should be
 */
export async function readEntry(
  file: number,
  size: number,
  subject: Subject,
  { range: wanted, most = Infinity, signal }: GetOptions & Cancellable,
): Promise<Sealed | 'other' | 'unproven'> {
  const { name, range } = subject;
  const length = contentLength(name, size);
  if (length === undefined || (range !== undefined && range.length !== length)) return 'unproven';
  const proof = Buffer.allocUnsafeSlow(proofBytes(name, length));
  if (
    !readFully(file, length, proof) ||
    !equalBytes(proof, proofOf(subject, length, digestsIn(proof, length)))
  )
    return 'unproven';

  const from = wanted === undefined ? 0 : wanted.offset - (range?.offset ?? 0);
  const to = wanted === undefined ? length : from + wanted.length;
  if (from < 0 || to > length || (wanted === undefined && (range !== undefined || length > most)))
    return 'other';
  const bytes = Buffer.allocUnsafeSlow(to - from);
  // For parts of which not all is wanted.
  let aside: Buffer | undefined;
  const first = Math.floor(from / PART_BYTES);
  for (let part = first; part * PART_BYTES < to; part++) {
    if (part > first && (part - first) % PARTS_AT_ONCE === 0) await giveWay(signal);
    const start = part * PART_BYTES;
    const end = Math.min(start + PART_BYTES, length);
    const isWanted = start >= from && end <= to;
    const content = isWanted
      ? bytes.subarray(start - from, end - from)
      : (aside ??= Buffer.allocUnsafeSlow(PART_BYTES)).subarray(0, end - start);
    if (!readFully(file, start, content) || !equalBytes(sha256(content), digestIn(proof, part)))
      return 'unproven';
    if (!isWanted)
      bytes.set(content.subarray(Math.max(from - start, 0), to - start), Math.max(start - from, 0));
  }
  return plainBytes(bytes) as Sealed;
}

function digestsIn(proof: Uint8Array, length: number): readonly Uint8Array[] {
  return [proof.subarray(0, countParts(length) * SHA256_BYTES)];
}

function digestIn(proof: Uint8Array, part: number): Uint8Array {
  return proof.subarray(part * SHA256_BYTES, (part + 1) * SHA256_BYTES);
}

/** @returns false if the file ends before */
function readFully(file: number, offset: number, bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length;) {
    const count = readSync(file, bytes, at, bytes.length - at, offset + at);
    if (count === 0) return false;
    at += count;
  }
  return true;
}
