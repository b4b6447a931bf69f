/** How many threads are of use, and from which work on they are worth it. */

import { availableParallelism } from 'node:os';

/** More than this gain nothing: the walk, or the one disk, is the limit then. */
const MAX_THREADS = 4;

/** Work that is worth threads: starting them takes as long as reading this. */
export const WORTH_THREADS = { files: 1000, bytes: 8 * 1024 * 1024 };

/** Of what is remembered of a directory, bytes: of 5,000 short files. Less is looked at before another thread has started, which takes 40 ms. */
export const WORTH_LOOKING = 512 * 1024;

/**
 * Bytes from which on the caller's thread is better left to a restore's plan, or to the traffic of a save with a service. Below, a thread more
 * takes longer to start than it gains, and for a save to a disk always: 2 % of one of 1 GB, 4 % of 2 GB.
 */
export const WORTH_ANOTHER = 384 * 1024 * 1024;

/** That work at the same time, the caller's among them if it works too. */
export function usefulThreads(): number {
  return Math.min(availableParallelism(), MAX_THREADS);
}

/** Beside the caller's, where that one works too. */
export function threadsBeside(): number {
  return usefulThreads() - 1;
}
