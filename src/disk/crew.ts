/** Who writes the files of a restore. */

import type { Capacity } from './schedule.ts';
import { usefulThreads } from './useful-threads.ts';

/** What is less than both is written before a first thread has started, which takes 40 ms. */
const FEW_BYTES = 8 * 1024 * 1024;
const FEW_FILES = 500;

export interface Crew {
  /** Threads, however little there is to do; 0 for none. By default one for each processor, at most 4, and none for a small tree. */
  readonly threads?: number | undefined;
  /** What they run; a test may give something else. */
  readonly module?: URL | undefined;
  /** Rows that are planned at a time; by default as many as memory is meant for. */
  readonly window?: Capacity | undefined;
}

/** How many threads are worth it. @param work what there is to write */
export function threadsFor(
  { threads }: Crew,
  work: { readonly files: number; readonly bytes: number },
): number {
  if (threads !== undefined) return threads;
  if (work.files < FEW_FILES && work.bytes < FEW_BYTES) return 0;
  return usefulThreads();
}
