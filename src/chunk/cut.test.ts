import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { noise, prose } from '../testing/noise.ts';
import { CUT_SEED_BYTES, MAX_CHUNK, MIN_CHUNK, NORMAL_CHUNK, cutTables, nextCut } from './index.ts';
import type { CutTables } from './index.ts';
import { scanScalar } from './scan-scalar.ts';
import { scanBuffer, scanSimd } from './scan-simd.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

const SEED = noise('cut seed', CUT_SEED_BYTES);
const TABLES = cutTables(SEED);
const NOISE = noise('cut me', 4 * MIB);

/** Bytes of different characters, by a seed and a length. */
const SUBJECTS: readonly ((seed: string, length: number) => Uint8Array)[] = [
  noise,
  prose,
  (_, length) => new Uint8Array(length),
  // Few different bytes: many candidates, and long stretches without any.
  (seed, length) => noise(seed, length).map((byte) => byte & 3),
];

/** All cuts of a run, its end included. */
function cuts(bytes: Uint8Array, tables = TABLES, start = 0): number[] {
  const found: number[] = [];
  for (let at = start; at < bytes.length;) found.push((at = nextCut(tables, bytes, at, bytes.length, true)));
  return found;
}

/** docs/design.md 2 to the letter, and slow: what `nextCut` is held against. */
function slowStrength(seed: Uint8Array, bytes: Uint8Array, p: number): number | undefined {
  const view = new DataView(seed.buffer, seed.byteOffset);
  const table = (b: number) => seed[b & 15]! ^ seed[16 + (b >> 4)]!;
  const rotl8 = (value: number, by: number) => ((value << by) | (value >> (8 - by))) & 0xff;
  let g = 0;
  for (let k = 1; k <= 8; k++) g ^= rotl8(table(bytes[p - k]!), k - 1);
  if (g !== 0x1b) return undefined;
  const word = new DataView(bytes.buffer, bytes.byteOffset);
  let h = 0n;
  for (let k = 0; k < 8; k++) {
    const add = BigInt(view.getUint32(32 + 4 * k, true));
    const mul = BigInt(view.getUint32(64 + 4 * k, true)) | 1n;
    h += (BigInt(word.getUint32(p - 32 + 4 * k, true)) + add) * mul;
  }
  h = BigInt.asUintN(32, h);
  h ^= h >> 15n;
  h = BigInt.asUintN(32, h * 0x2c1b3c6dn);
  return Number(h ^ (h >> 12n));
}

function slowCut(seed: Uint8Array, bytes: Uint8Array, start: number): number {
  if (bytes.length - start <= 16 * KIB) return bytes.length;
  for (let p = start + 16 * KIB; p < bytes.length && p < start + 256 * KIB; p++) {
    const strength = slowStrength(seed, bytes, p);
    const zeroBits = p < start + 48 * KIB ? 10 : 6;
    if (strength !== undefined && strength < 2 ** (32 - zeroBits)) return p;
  }
  return Math.min(bytes.length, start + 256 * KIB);
}

/** The first position from `from` on whose strength starts with `least` to `most` zero bits. */
function candidate(from: number, least: number, most: number): number {
  for (let p = from; p < NOISE.length; p++) {
    const strength = slowStrength(SEED, NOISE, p);
    if (strength !== undefined && Math.clz32(strength) >= least && Math.clz32(strength) <= most) return p;
  }
  throw new Error('no candidate');
}

describe('cuts', () => {
  it('[H1] are those that were frozen', () => {
    expect(cuts(NOISE.subarray(0, MIB))).toEqual(GOLDEN_NOISE);
    expect(cuts(prose('cut me', MIB))).toEqual(GOLDEN_PROSE);
  });

  it('[H1] are those of the specification', () => {
    for (const seed of ['a', 'b', 'c']) {
      const cutSeed = noise(seed, CUT_SEED_BYTES);
      const bytes = noise(`bytes ${seed}`, MIB);
      const slow: number[] = [];
      for (let at = 0; at < bytes.length;) slow.push((at = slowCut(cutSeed, bytes, at)));
      expect(cuts(bytes, cutTables(cutSeed))).toEqual(slow);
    }
  });

  it('[H2] lie between least and greatest length, the last one excepted', () => {
    const all = [0, ...cuts(NOISE)];
    const lengths = all.slice(1).map((end, at) => end - all[at]!);
    for (const length of lengths.slice(0, -1)) {
      expect(length).toBeGreaterThanOrEqual(MIN_CHUNK);
      expect(length).toBeLessThanOrEqual(MAX_CHUNK);
    }
    expect(all.at(-1)).toBe(NOISE.length);
  });

  it('[H2] a rest up to the least length is one chunk', () => {
    for (const length of [1, 2, 31, 32, MIN_CHUNK - 1, MIN_CHUNK])
      expect(cuts(NOISE.subarray(0, length))).toEqual([length]);
  });

  it('[H2] a strong candidate cuts from exactly the least length on', () => {
    const strong = candidate(MAX_CHUNK, 10, 32);
    expect(nextCut(TABLES, NOISE, strong - MIN_CHUNK, NOISE.length, true)).toBe(strong);
    expect(nextCut(TABLES, NOISE, strong - MIN_CHUNK + 1, NOISE.length, true)).toBeGreaterThan(strong);
  });

  it('[H2] a weak candidate cuts from exactly the normal length on', () => {
    // One with nothing stronger in the 32 KiB before it, which would cut first.
    for (let from = MAX_CHUNK; ; from += KIB) {
      const weak = candidate(from, 6, 9);
      if (candidate(weak - NORMAL_CHUNK, 10, 32) < weak + 1) continue;
      expect(nextCut(TABLES, NOISE, weak - NORMAL_CHUNK, NOISE.length, true)).toBe(weak);
      expect(nextCut(TABLES, NOISE, weak - NORMAL_CHUNK + 1, NOISE.length, true)).toBeGreaterThan(weak);
      return;
    }
  });

  it('[H3] are 60 KiB apart over noise', () => {
    const bytes = noise('average', 32 * MIB);
    const average = bytes.length / cuts(bytes).length;
    expect(average / KIB).toBeGreaterThan(57);
    expect(average / KIB).toBeLessThan(63);
  });

  it('[H4] bytes that repeat every 1, 2 or 4 have no candidate', () => {
    for (const period of [1, 2, 4])
      for (let round = 0; round < 8; round++) {
        const pattern = noise(`pattern ${round}`, period);
        const bytes = new Uint8Array(MIB).map((_, at) => pattern[at % period]!);
        expect(cuts(bytes)).toEqual([MAX_CHUNK, 2 * MAX_CHUNK, 3 * MAX_CHUNK, 4 * MAX_CHUNK]);
      }
  });

  it('[H5] after any true cut are the true ones, wherever the scan starts', () => {
    const all = cuts(NOISE);
    for (const [at, start] of all.slice(0, 40).entries()) {
      const rest = NOISE.slice(start);
      expect(cuts(rest).map((cut) => cut + start)).toEqual(all.slice(at + 1));
    }
  });

  it('[H6] are the same when the run comes in pieces', () => {
    for (const piece of [997, 16 * KIB, 100_000, MAX_CHUNK, MIB]) {
      const bytes = NOISE.subarray(0, piece === 997 ? 300 * KIB : NOISE.length);
      const found: number[] = [];
      let start = 0;
      for (let end = 0; end < bytes.length;) {
        end = Math.min(bytes.length, end + piece);
        for (;;) {
          const cut = start === end ? -1 : nextCut(TABLES, bytes, start, end, end === bytes.length);
          if (cut === -1) break;
          found.push((start = cut));
        }
      }
      expect(found, `pieces of ${piece}`).toEqual(cuts(bytes));
    }
  });

  it('[H18] are the same by either scan', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(3), fc.nat(700_000), (seed, kind, length) => {
        const tables = cutTables(noise(`tables ${seed}`, CUT_SEED_BYTES));
        const bytes = SUBJECTS[kind]!(`bytes ${seed}`, length);
        for (let at = 0; at < length;) {
          const cut = nextCut(tables, bytes, at, length, true, scanScalar);
          expect(nextCut(tables, bytes, at, length, true, scanSimd)).toBe(cut);
          at = cut;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('[H18] are the same in memory that is scanned in its place', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 600_000 }),
        fc.constantFrom('noise', 'prose'),
        fc.string(),
        (length, kind, seed) => {
          const bytes = kind === 'noise' ? noise(seed, length) : prose(seed, length);
          const place = scanBuffer(length);
          place.set(bytes);
          for (let at = 0; at < length;) {
            const cut = nextCut(TABLES, bytes, at, length, true, scanScalar);
            expect(nextCut(TABLES, place, at, length, true, scanSimd)).toBe(cut);
            at = cut;
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('[H18] are the same by either scan in every small range', () => {
    const weakest = 32;
    for (let from = 32; from < 100; from++) {
      for (let to = from; to < 160; to++) {
        expect(scanSimd(TABLES, NOISE, from, to, weakest - 1)).toBe(
          scanScalar(TABLES, NOISE, from, to, weakest - 1),
        );
      }
    }
  });

  it('[H7] an insertion moves only the cuts beside it', () => {
    const inserted = noise('inserted', 100);
    for (const at of [0, 1000, 1_000_000]) {
      const edited = Buffer.concat([NOISE.subarray(0, at), inserted, NOISE.subarray(at)]);
      const before = new Set(cuts(NOISE).map((cut) => (cut < at ? cut : cut + inserted.length)));
      const moved = cuts(edited).filter((cut) => !before.has(cut));
      expect(moved.length).toBeLessThanOrEqual(6);
    }
  });

  it('[H8] of two tenants have nothing in common', () => {
    const other = new Set(cuts(NOISE, cutTables(noise('another seed', CUT_SEED_BYTES))));
    expect(cuts(NOISE).filter((cut) => other.has(cut))).toEqual([NOISE.length]);
  });

  it('[H8] a seed has its length', () => {
    for (const length of [0, CUT_SEED_BYTES - 1, CUT_SEED_BYTES + 1])
      expect(thrownBy(() => cutTables(new Uint8Array(length))).code).toBe('internal');
  });

  it('[H8] tables are the 96 bytes of the seed in their order', () => {
    const { low, high, add, mul }: CutTables = cutTables(new Uint8Array(96).map((_, at) => at));
    expect([low[0], low[15], high[0], high[15]]).toEqual([0, 15, 16, 31]);
    expect([add[0], mul[0], mul[7]]).toEqual([0x23222120, 0x43424141, 0x5f5e5d5d]);
  });
});

const GOLDEN_NOISE: readonly number[] = [
  62080, 90268, 143221, 185982, 279027, 341041, 388217, 438538, 488744, 571657, 640717, 697973, 762483,
  811703, 894842, 947096, 1031966, 1048576,
];
const GOLDEN_PROSE: readonly number[] = [
  31479, 54698, 121801, 173705, 258783, 283045, 335468, 394702, 431798, 488304, 541681, 606364, 657608,
  713521, 777874, 889591, 959586, 1018371, 1048576,
];
