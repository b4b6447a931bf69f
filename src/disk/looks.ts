/** Mode and time: those of a directory only stick when nothing is written into it any more. */

import { accessSync, constants, fchmodSync, fstatSync, fsyncSync } from 'node:fs';
import type { BigIntStats, Stats } from 'node:fs';

import { errno } from '../base/index.ts';
import { MODE_BITS, PERMISSION_BITS, UNLOCKED } from './at.ts';
import { mtimeOf, setTimes } from './times.ts';

export interface Looks {
  readonly mode: number;
  /** Microseconds since 1970. */
  readonly mtime: number;
}

/**
 * @param exact as for `mtimeOf`
 * @param bits `MODE_BITS` for what is to look so again; by default those that a tree has
 */
export function looksOf(stats: Stats, exact: () => BigIntStats, bits = PERMISSION_BITS): Looks {
  return { mode: stats.mode & bits, mtime: mtimeOf(stats, exact) };
}

/** Whether its owner can do everything in such a directory only while it has another mode. */
export function isLocked({ mode }: Pick<Looks, 'mode'>): boolean {
  return (mode & UNLOCKED) !== UNLOCKED;
}

/** A directory of another owner, that we may only write into, keeps its own. @throws the system's error */
export function setLooks(directory: number, { mode, mtime }: Looks, sync: boolean): void {
  try {
    fchmodSync(directory, mode);
    setTimes(directory, mtime);
  } catch (error) {
    if (errno(error) !== 'EPERM') throw error;
  }
  if (sync) fsyncSync(directory);
}

/** A directory of ours that we may not write to becomes writable, until its looks are set. */
export function makeWritable(directory: number): void {
  const stats = fstatSync(directory);
  if (isLocked(stats) && isOurs(stats)) fchmodSync(directory, (stats.mode & MODE_BITS) | UNLOCKED);
}

/** Whether an open directory can be written to; ours can be made writable for the time of the restore. */
export function isWritable(directory: number): boolean {
  if (isOurs(fstatSync(directory))) return true;
  try {
    accessSync(`/proc/self/fd/${directory}`, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function isOurs({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid === process.geteuid?.();
}
