/** Bytes that look random and are the same everywhere: what golden values stand on. */

import { createCipheriv, createHash } from 'node:crypto';

import type { Random } from '../base/index.ts';

/** AES-256-CTR of zeros under SHA-256(seed): specified by others, so frozen for good. */
export function noise(seed: string, length: number): Uint8Array {
  return pinnedRandom(seed)(length);
}

/** Randomness that a test can hold still: each call goes on where the last one ended. */
export function pinnedRandom(seed: string): Random {
  const key = createHash('sha256').update(seed).digest();
  const stream = createCipheriv('aes-256-ctr', key, new Uint8Array(16));
  return (count) => Uint8Array.from(stream.update(new Uint8Array(count)));
}

const WORDS = 'the a of to layer tree chunk is was saved restored into under before after {} ; \n'.split(' ');

/** Text of a few words in an order of chance: zstd shrinks it to about a quarter. */
export function prose(seed: string, length: number): Uint8Array {
  const picks = noise(seed, length);
  const text = Buffer.alloc(length);
  let at = 0;
  for (const pick of picks) {
    if (at >= length) break;
    at += text.write(`${WORDS[pick % WORDS.length]} `, at, 'latin1');
  }
  return Uint8Array.from(text);
}

/** @param bit counted from the first byte's lowest. @returns a copy in which it is the other one */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
}
