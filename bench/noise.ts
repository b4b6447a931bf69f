/** Bytes that no program can compress or find twice, and that are the same on every machine. */

import { createCipheriv, createHash } from 'node:crypto';

/** Goes on where the last call ended: AES-256-CTR of zeros under SHA-256 of a seed. */
export function noiseStream(seed: string): (length: number) => Buffer {
  const cipher = createCipheriv('aes-256-ctr', createHash('sha256').update(seed).digest(), Buffer.alloc(16));
  return (length) => cipher.update(Buffer.alloc(length));
}

export function noise(seed: string, length: number): Buffer {
  return noiseStream(seed)(length);
}
