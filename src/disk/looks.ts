/** Mode and time of a directory, which only stick when nothing is written into it any more. */

import { fchmodSync, fsyncSync } from 'node:fs';

import { errno } from '../base/index.ts';
import { setTimes } from './times.ts';

export interface Looks {
  readonly mode: number;
  /** Microseconds since 1970. */
  readonly mtime: number;
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
