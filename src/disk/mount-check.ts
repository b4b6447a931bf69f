/** Whether a directory is part of the target that it is in, or of another file system. */

import { fstatSync } from 'node:fs';

import { errno, hasMountsBelow } from '../base/index.ts';
import { mountOf } from './at.ts';

/**
 * A rename does not go from one mount into another, and what is in another one is not the target's.
 *
 * @param target an open directory
 * @returns tells of an open directory in it whether it is elsewhere
 */
export function elsewhere(target: number): (directory: number) => boolean {
  if (mayHaveMounts(target)) {
    const mount = mountOf(target);
    return (directory) => mountOf(directory) !== mount;
  }
  // A subvolume of btrfs is in no list of mounts, and neither is what is mounted only when somebody enters it.
  const { dev } = fstatSync(target);
  return (directory) => fstatSync(directory).dev !== dev;
}

/** What is mounted is told in one file: mostly nothing is in a target, and no directory need be asked. */
function mayHaveMounts(target: number): boolean {
  try {
    return hasMountsBelow(`/proc/self/fd/${target}`);
  } catch (error) {
    if (errno(error) === undefined) throw error;
    // Its path cannot be told.
    return true;
  }
}
