/** One file into the vault, as it was at one moment, although others may be writing it. */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { errno } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import type { BuiltContent } from '../tree/index.ts';
import type { ContentSink } from '../vault/index.ts';
import { at, lstatAt } from './at.ts';
import { cutFile } from './cut-file.ts';
import type { Pace } from './pace.ts';

/** How often a file is read that changes meanwhile. */
export const TRIES = 3;

/**
 * Kernels stamp changes by a clock that ticks every 1–10 ms: a second change within a tick leaves no trace in the times. A file
 * is only read when its last change is longer ago than this. Milliseconds.
 */
const TICK_MS = 20;

/** Not blocking on a FIFO, and not following a link, that took the file's place since it was looked at. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The system's errors for a name that stands for something else than a moment ago: EINVAL is readlink's for what is no link. */
const REPLACED: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ELOOP', 'ENXIO', 'ENOTDIR', 'EINVAL']);

/** Has the name come to stand for something else between two calls? Then whoever asked looks again. */
export function wasReplaced(error: unknown): boolean {
  return REPLACED.has(errno(error));
}

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
  name: Buffer,
  before: Stats,
): Promise<BuiltContent | undefined> {
  const age = clock() - before.ctimeMs;
  if (age >= 0 && age < TICK_MS) {
    await setTimeout(TICK_MS);
    const again = lstatAt(directory, name);
    if (again === undefined || !isUnchanged(before, again)) return undefined;
  }
  let fd: number;
  try {
    fd = openSync(at(directory, name), FLAGS);
  } catch (error) {
    if (wasReplaced(error)) return undefined;
    throw error;
  }
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

/** The same inode with the same content, as far as times can tell. The change time cannot be set back by a program. */
function isUnchanged(before: Stats, after: Stats): boolean {
  return (
    after.ino === before.ino &&
    after.dev === before.dev &&
    after.size === before.size &&
    after.mtimeMs === before.mtimeMs &&
    after.ctimeMs === before.ctimeMs
  );
}
