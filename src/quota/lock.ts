/**
 * A lock on a place, among all processes of the machine. The kernel keeps it as long as a process has the file open: a process that dies has let
 * go of it, but not before the programs that it had started, to which the open file is handed down, have ended too.
 */

import { closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';
import { join } from 'node:path';

import { errno, systemError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { demand } from './program.ts';

const NAME = 'lock';
const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

export class PlaceLock implements Disposable {
  /** For programs that change the place. */
  readonly holding: number;

  private constructor(fd: number) {
    this.holding = fd;
  }

  /** Waits for it. @param place a directory that is there @throws cancelled; not_found if the place is taken away meanwhile */
  static async of(place: string, options: Cancellable): Promise<PlaceLock> {
    for (;;) {
      const fd = openLock(join(place, NAME));
      try {
        // The lock belongs to the open file, which is one for both of us: it stays when the program has ended.
        const words = ['flock', '--exclusive', '3'] as const;
        await demand(words, `lock ${place}`, { ...options, holding: fd });
        if (isStill(join(place, NAME), fd)) return new PlaceLock(fd);
      } catch (error) {
        closeSync(fd);
        throw error;
      }
      // The place was removed while we waited, and perhaps made again.
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.holding);
  }
}

function openLock(path: string): number {
  try {
    return openSync(path, FLAGS, 0o600);
  } catch (error) {
    throw systemError(error, `open ${path}`);
  }
}

function isStill(path: string, fd: number): boolean {
  try {
    return lstatSync(path).ino === fstatSync(fd).ino;
  } catch (error) {
    if (errno(error) === 'ENOENT') return false;
    throw error;
  }
}
