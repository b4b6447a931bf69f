/**
 * How a file of a cache proves what it is. Nothing in it is synced, anything may have happened to it, and nobody but us may have to notice.
 *
 * `content · SHA-256 of each part of it · magic · version · SHA-256 of the store's identity · whole · offset · length · name · SHA-256
 * of everything from the first part's on`. The proof stands at the end, so content can be written as it passes; how long each is follows
 * from the size of the file, so no number is believed that was read.
 */

import { ByteWriter, SHA256_BYTES, concatBytes, sha256, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Range } from './bucket.ts';

/** Bytes. What has to be hashed at least for a small range; the digests of a pack's parts are hashed with it, 16 KiB. */
export const PART_BYTES = 64 * 1024;

/** Bytes of content, so that nobody's file makes us take memory without end. Packs have 32 MiB. */
export const MOST_CONTENT = 2 ** 30;

const MAGIC = utf8('strata:c');
const VERSION = 1;
const FIXED_BYTES = MAGIC.length + 2 + SHA256_BYTES + 1 + 8 + 8 + 2;

/** Which bytes an entry holds. */
export interface Subject {
  /** Of the identity of the store. */
  readonly store: Sha256;
  readonly name: string;
  /** Undefined: all of the object. */
  readonly range: Range | undefined;
}

/** @param digests of the parts of the content, in order */
export function proofOf(subject: Subject, length: number, digests: readonly Uint8Array[]): Uint8Array {
  const { store, name, range } = subject;
  const said = new ByteWriter()
    .bytes(MAGIC)
    .u16(VERSION)
    .bytes(store)
    .u8(range === undefined ? 1 : 0)
    .u64(range?.offset ?? 0)
    .u64(length)
    .short(utf8(name))
    .finish();
  const all = concatBytes([...digests, said]);
  return concatBytes([all, sha256(all)]);
}

/** @returns bytes of the file */
export function entryBytes(name: string, length: number): number {
  return length + proofBytes(name, length);
}

export function proofBytes(name: string, length: number): number {
  // Names are ASCII.
  return countParts(length) * SHA256_BYTES + FIXED_BYTES + name.length + SHA256_BYTES;
}

/** @returns how long the content of a file of `size` bytes is; undefined if no content makes such a file */
export function contentLength(name: string, size: number): number | undefined {
  const rest = size - proofBytes(name, 0);
  const length = rest - Math.ceil(rest / (PART_BYTES + SHA256_BYTES)) * SHA256_BYTES;
  if (length < 0 || length > MOST_CONTENT || entryBytes(name, length) !== size) return undefined;
  return length;
}

export function countParts(length: number): number {
  return Math.ceil(length / PART_BYTES);
}
