/**
 * Where files are cut into chunks. The rule is docs/design.md 2, and the golden cuts freeze it.
 *
 * A candidate is decided by eight bytes, its strength by 32: neither depends on where the scan started, so an edit moves only
 * the cuts beside it, and ranges of one file can be cut at the same time.
 */

import { ByteReader, StrataError } from '../base/index.ts';
import { STRENGTH_WINDOW } from './scan-scalar.ts';
import { scanSimd } from './scan-simd.ts';

/** No chunk but the last of a run is shorter, and no candidate is looked for before. Bytes. */
export const MIN_CHUNK = 16 * 1024;
/** From here on a weaker candidate is enough: sizes gather around the average of 60 KiB. Bytes. */
export const NORMAL_CHUNK = 48 * 1024;
/** A chunk is cut here without a candidate. Bytes. */
export const MAX_CHUNK = 256 * 1024;

/** Bytes of `cutTables`' seed. */
export const CUT_SEED_BYTES = 96;

const STRENGTH_WORDS = STRENGTH_WINDOW / 4;

/** With the eight bits of the prefilter: one position in 2^18 before `NORMAL_CHUNK`, one in 2^14 after. */
const STRONG_SHIFT = 32 - 10;
const WEAK_SHIFT = 32 - 6;

/** What makes one tenant's cuts differ from another's. */
export interface CutTables {
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly add: Int32Array;
  readonly mul: Int32Array;
  /** `low` and `high` as one table over all bytes. */
  readonly byte: Uint8Array;
}

/** @param seed 96 unpredictable bytes */
export function cutTables(seed: Uint8Array): CutTables {
  if (seed.length !== CUT_SEED_BYTES)
    throw new StrataError('internal', `a cut seed has ${CUT_SEED_BYTES} bytes`);
  const reader = new ByteReader(seed, 'cut seed');
  const low = reader.bytes(16).slice();
  const high = reader.bytes(16).slice();
  const add = Int32Array.from({ length: STRENGTH_WORDS }, () => reader.u32());
  const mul = Int32Array.from({ length: STRENGTH_WORDS }, () => reader.u32() | 1);
  const byte = Uint8Array.from({ length: 256 }, (_, value) => low[value & 15]! ^ high[value >> 4]!);
  return { low, high, add, mul, byte };
}

/**
 * Finds the first cutting candidate in [from, to): a position, or -1.
 *
 * @param from at least 32
 * @param shift how many of the low bits of a strength do not count: the others are zero where it cuts
 */
export type Scan = (tables: CutTables, bytes: Uint8Array, from: number, to: number, shift: number) => number;

/**
 * The end of the chunk that starts at `start`.
 *
 * @param bytes a data run, or a part of one from `start` to `end`
 * @param final whether the run ends at `end`
 * @returns a position in (start, end], or -1 if that depends on bytes after `end`
 */
export function nextCut(
  tables: CutTables,
  bytes: Uint8Array,
  start: number,
  end: number,
  final: boolean,
  scan: Scan = scanSimd,
): number {
  if (end - start <= MIN_CHUNK) return final ? end : -1;
  const limit = Math.min(end, start + MAX_CHUNK);
  const normal = Math.min(limit, start + NORMAL_CHUNK);
  const strong = scan(tables, bytes, start + MIN_CHUNK, normal, STRONG_SHIFT);
  if (strong !== -1) return strong;
  const weak = scan(tables, bytes, normal, limit, WEAK_SHIFT);
  if (weak !== -1) return weak;
  return final || limit === start + MAX_CHUNK ? limit : -1;
}
