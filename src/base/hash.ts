import type { hash as Hash } from 'node:crypto';

import { SHA256_BYTES } from './bytes.ts';
import type { Sha256 } from './bytes.ts';

/** Fetched for the first hash: help and `version` take none, and crypto takes 3 ms to load. */
let hash: typeof Hash | undefined;

/**
 * In one call: about 1.8 GB/s on one core with SHA-NI.
 *
 * By way of a string: for what is small, Node takes longer to make a Buffer than to hash (0.9 µs in all, against 1.5 µs).
 */
export function sha256(bytes: Uint8Array): Sha256 {
  hash ??= process.getBuiltinModule('node:crypto').hash;
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(SHA256_BYTES);
  for (let at = 0; at < SHA256_BYTES; at++) digest[at] = text.charCodeAt(at);
  return digest as Sha256;
}
