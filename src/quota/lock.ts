/**
 * A lock on a place, among all processes of the machine. The kernel keeps it as long as a process has the file open: a process that dies has let
 * go of it, but not before the programs that it had started, to which the open file is handed down, have ended too.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { errno, systemError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { LOCK_NAME, isDirectory, makePlace } from './place.ts';
import type { Place } from './place.ts';
import { demand } from './program.ts';

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

export class PlaceLock implements Disposable {
  /** For programs that change the place: they hold the lock as well. */
  readonly holding: number;

  private constructor(fd: number) {
    this.holding = fd;
  }

  /** Makes the place if it is missing. @throws cancelled, bad_input, … */
  static async make(place: Place, options: Cancellable): Promise<PlaceLock> {
    for (;;) {
      makePlace(place);
      const lock = await PlaceLock.find(place, options);
      // Else it was removed at once.
      if (lock !== undefined) return lock;
    }
  }

  /** @returns undefined if there is no such place @throws cancelled, bad_input, … */
  static async find({ path }: Place, options: Cancellable): Promise<PlaceLock | undefined> {
    const file = join(path, LOCK_NAME);
    while (isDirectory(path)) {
      const fd = openLock(file);
      if (fd === undefined) continue;
      try {
        // The lock belongs to the open file, which is one for both of us: it stays when the program has ended.
        const words = ['flock', '--exclusive', '3'] as const;
        await demand(words, `lock ${path}`, { ...options, holding: fd });
        if (isStill(file, fd)) return new PlaceLock(fd);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      // The place was removed while we waited, and perhaps made again.
      closeSync(fd);
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    closeSync(this.holding);
  }
}

/** @returns undefined if the place is gone by now */
function openLock(path: string): number | undefined {
  try {
    return openSync(path, FLAGS, 0o600);
  } catch (error) {
    if (errno(error) === 'ENOENT') return undefined;
    throw systemError(error, `open ${path}`);
  }
}

function isStill(path: string, fd: number): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.ino === fstatSync(fd).ino;
}
