import { createSecretKey } from 'node:crypto';
import type * as zlib from 'node:zlib';

import { afterEach, expect, it, vi } from 'vitest';

import { concatBytes, equalBytes } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { flipped, noise, prose } from '../testing/noise.ts';
import { openFrame, sealFrame } from './frame.ts';

/** What happens to what zstd gives, or to what it gets. */
let fault: 'gets' | 'gives' | undefined;

vi.mock('node:zlib', async (original) => {
  const real = await original<typeof zlib>();
  const flip = (bytes: Uint8Array) => flipped(bytes, bytes.length * 4);
  return {
    ...real,
    zstdCompressSync: (bytes: Uint8Array, options: zlib.ZstdOptions) => {
      const packed = real.zstdCompressSync(fault === 'gets' ? flip(bytes) : bytes, options);
      return fault === 'gives' ? flip(packed) : packed;
    },
  };
});

const KEY = { secret: createSecretKey(noise('key', 32)), additional: new Uint8Array(3) };
const TEXT = prose('text', 100_000);

afterEach(() => {
  fault = undefined;
});

it.each(['gets', 'gives'] as const)(
  '[H19] a bit that flips in what zstd %s does not become a frame',
  (which) => {
    expect(equalBytes(openFrame(KEY, 3, concatBytes(sealFrame(KEY, 3, TEXT))), TEXT)).toBe(true);
    fault = which;
    expect(thrownBy(() => sealFrame(KEY, 3, TEXT))).toMatchObject({
      code: 'internal',
      message: expect.stringContaining('does not open to what was sealed'),
    });
  },
);
