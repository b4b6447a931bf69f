/** One file into the vault, as it was at one moment, although others may be writing it. */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { errno } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { at, lstatAt } from './at.ts';
import { cutFile } from './cut-file.ts';
import type { CutContent } from './cut-file.ts';
import type { Pace } from './pace.ts';
import { isYoung, youth } from './tick.ts';

/** How often a file is read that changes meanwhile. */
export const TRIES = 3;

/** Not blocking on a FIFO, and not following a link, that took the file's place since it was looked at. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The system's errors for a name that stands for something else than a moment ago: EINVAL is readlink's for what is no link, EISDIR and
 * ESPIPE are those of reading what is no file.
 */
const REPLACED: ReadonlySet<string | undefined> = new Set([
  'ENOENT',
  'ELOOP',
  'ENXIO',
  'ENOTDIR',
  'EINVAL',
  'EISDIR',
  'ESPIPE',
]);

/** Has the name come to stand for something else between two calls? Then whoever asked looks again. */
export function wasReplaced(error: unknown): boolean {
  return REPLACED.has(errno(error));
}

/** What tells that a file is still the same: the inode with its times. The time of change cannot be set back by a program. */
export type Facts = Pick<Stats, 'dev' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

export interface FileReader {
  readonly sink: ContentSink;
  readonly buffer: Uint8Array;
  readonly pace: Pace;
  readonly clock: Clock;
}

/**
 * One try. What is not returned has left chunks in the sink that nothing will refer to.
 *
 * @param before what `lstat` said a moment ago: a file
 * @returns undefined if the file changed, or is no longer there under that name
 * @throws the system's error
 */
export async function readFileOnce(
  { sink, buffer, pace, clock }: FileReader,
  directory: number,
  name: Uint8Array,
  before: Facts,
): Promise<CutContent | undefined> {
  // Only read when its last change is so long ago that another one would show.
  const now = clock();
  if (isYoung(before, now)) {
    await setTimeout(youth(before, now));
    if (!isThere(directory, name, before)) return undefined;
  }
  const fd = openFile(at(directory, name));
  if (fd === undefined) return undefined;
  try {
    const parts = cutFile(fd, before.size, sink, buffer);
    for (let part = parts.next(); ; part = parts.next()) {
      if (part.done === true) return isUnchanged(before, fstatSync(fd)) ? part.value : undefined;
      pace.bytes += part.value;
      if (pace.step()) await pace.pause();
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Waits, blocking the thread, while another change could leave no trace.
 *
 * @returns false if the file was changed by then, or is no longer there
 */
export function isAtRest(directory: number, name: Uint8Array, before: Facts): boolean {
  const now = Date.now();
  if (!isYoung(before, now)) return true;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, youth(before, now));
  return isThere(directory, name, before);
}

/** Whether the name still stands for the same, unchanged file. */
export function isThere(directory: number, name: Uint8Array, before: Facts): boolean {
  const again = lstatAt(directory, name);
  return again !== undefined && isUnchanged(before, again);
}

/** @param path as `at` gives it @returns undefined if the name stands for something else by now @throws the system's error */
export function openFile(path: Buffer | string): number | undefined {
  try {
    return openSync(path, FLAGS);
  } catch (error) {
    if (wasReplaced(error)) return undefined;
    throw error;
  }
}

/** The same inode with the same content, as far as times can tell. */
export function isUnchanged(before: Facts, after: Facts): boolean {
  return (
    after.ino === before.ino &&
    after.dev === before.dev &&
    after.size === before.size &&
    after.mtimeMs === before.mtimeMs &&
    after.ctimeMs === before.ctimeMs
  );
}
