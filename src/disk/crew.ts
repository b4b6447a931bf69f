/** Who writes the files of a restore. */

import type { Capacity } from './schedule.ts';
import { WORTH_ANOTHER, threadsBeside, usefulThreads } from './useful-threads.ts';

/** What is less than both is written before a first thread has started, which takes 40 ms. */
const FEW_BYTES = 8 * 1024 * 1024;
const FEW_FILES = 500;

export interface Crew {
  /** Threads beside the caller's, however little there is to do; 0 for none. By default as many as gain something. */
  readonly threads?: number | undefined;
  /** What they run; a test may give something else. */
  readonly module?: URL | undefined;
  /** Rows that are planned at a time; by default as many as memory is meant for. */
  readonly window?: Capacity | undefined;
}

export interface Hands {
  /** Beside the caller's. */
  readonly threads: number;
  /** Whether the caller's writes too. */
  readonly helps: boolean;
}

/** Who is worth it. @param work what there is to write */
export function handsFor({ threads }: Crew, work: { readonly files: number; readonly bytes: number }): Hands {
  const isMuch = work.bytes >= WORTH_ANOTHER;
  if (threads !== undefined) return { threads, helps: threads === 0 || !isMuch };
  if (work.files < FEW_FILES && work.bytes < FEW_BYTES) return { threads: 0, helps: true };
  return isMuch ? { threads: usefulThreads(), helps: false } : { threads: threadsBeside(), helps: true };
}
