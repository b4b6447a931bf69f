/** Times of files in microseconds since 1970, as trees have them. */

import { futimesSync, lutimesSync } from 'node:fs';
import type { BigIntStats, Stats } from 'node:fs';

/**
 * Until January 2038 (2^31 s) milliseconds in a double are exact to 0.25 µs, so that a microsecond that was set is read again as
 * itself. After it the double may be the neighbouring microsecond's.
 */
const DOUBLE_SUFFICES_BEFORE_MS = 2 ** 31 * 1000;

/**
 * Later times, which some file systems can hold, become this one: June 2255, the last that a double counts in microseconds. Earlier ones than
 * as far before 1970 become that: 1684.
 */
const LAST_TIME = Number.MAX_SAFE_INTEGER;

/** @param exact asks again for the same file; only done for times that need it, because it is slower */
export function mtimeOf(stats: Stats, exact: () => BigIntStats): number {
  if (stats.mtimeMs < DOUBLE_SUFFICES_BEFORE_MS)
    return Math.max(Math.round(stats.mtimeMs * 1000), -LAST_TIME);
  return Math.min(Number((exact().mtimeNs + 500n) / 1000n), LAST_TIME);
}

/** Sets both times of an open file or directory. */
export function setTimes(fd: number, mtime: number): void {
  const time = seconds(mtime);
  futimesSync(fd, time, time);
}

/** Sets both times of what a path names; a link in the last place is not followed. */
export function setTimesOf(path: Buffer | string, mtime: number): void {
  const time = seconds(mtime);
  lutimesSync(path, time, time);
}

/** Node takes a negative number for the present, but not its text. */
function seconds(mtime: number): number | string {
  return mtime < 0 ? String(mtime / 1e6) : mtime / 1e6;
}
