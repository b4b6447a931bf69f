import { zstdCompressSync } from 'node:zlib';

import { describe, expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { noise, prose } from '../testing/noise.ts';
import { compress, decompress } from './compress.ts';
import type { Codec } from './compress.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Records of which the first `noisy` of every `width` bytes are noise, the others zero. */
const records = (noisy: number, width: number) =>
  noise('records', MIB).map((byte, at) => (at % width < noisy ? byte : 0));

const CASES: readonly (readonly [what: string, bytes: Uint8Array, codec: Codec])[] = [
  ['nothing', new Uint8Array(0), 'stored'],
  ['one byte', Uint8Array.of(1), 'stored'],
  ['a little noise', noise('a', 1000), 'stored'],
  ['noise under the sample', noise('a', 64 * KIB - 1), 'stored'],
  ['noise at the sample', noise('a', 64 * KIB), 'stored'],
  ['much noise', noise('a', MIB + 1), 'stored'],
  ['zeros', new Uint8Array(MIB), 'zstd'],
  ['prose', prose('a', 300_000), 'zstd'],
  ['numbers whose low bytes are noise', records(2, 4), 'zstd'],
  ['records whose first bytes are noise', records(64, 256), 'zstd'],
];

describe('compression', () => {
  for (const [what, bytes, codec] of CASES)
    it(`[H9] ${what} comes back from ${codec}`, () => {
      const packed = compress(bytes);
      expect(packed.codec).toBe(codec);
      expect(packed.bytes.length).toBeLessThanOrEqual(bytes.length);
      expect(Buffer.compare(decompress(packed.codec, packed.bytes, bytes.length), bytes)).toBe(0);
    });

  it('[H10] another length than was promised is damage', () => {
    const bytes = prose('b', 5000);
    const packed = compress(bytes).bytes;
    for (const length of [0, 1, 63, 64, 65, 4999, 5001, 16 * MIB]) {
      expect(thrownBy(() => decompress('zstd', packed, length)).code).toBe('integrity');
      expect(thrownBy(() => decompress('stored', bytes, length)).code).toBe('integrity');
    }
  });

  it('[H10] a bomb is stopped at the promised length', () => {
    const bomb = zstdCompressSync(new Uint8Array(256 * MIB));
    expect(bomb.length).toBeLessThan(32 * KIB);
    const before = process.memoryUsage().arrayBuffers;
    expect(thrownBy(() => decompress('zstd', bomb, MIB)).code).toBe('integrity');
    expect(thrownBy(() => decompress('zstd', Buffer.concat([bomb, bomb]), MIB)).code).toBe('integrity');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(32 * MIB);
  });

  it('[H10] what is no zstd is damage', () => {
    const packed = compress(prose('c', 5000)).bytes;
    for (const bytes of [
      new Uint8Array(0),
      Uint8Array.of(1, 2, 3),
      packed.subarray(0, -1),
      packed.subarray(1),
    ])
      expect(thrownBy(() => decompress('zstd', bytes, 5000)).code).toBe('integrity');
  });
});
