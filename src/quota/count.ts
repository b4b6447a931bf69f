/** Counts the bytes of a directory, by a program of its own: hundreds of thousands of files would keep this thread from all else. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { reasonOf, run } from './program.ts';

/**
 * Blocks on the disk, of directories too, hard links once. It follows no link and stays on one file system, goes by open directories however deep
 * they are, and passes over what it may not read or what is gone by then.
 *
 * @throws not_found, cancelled
 */
export async function countBytes(directory: string, options: Cancellable): Promise<number> {
  const words = ['du', '--summarize', '--one-file-system', '--block-size=1', '--', directory] as const;
  const { out, said } = await run(words, options);
  const bytes = /^(\d+)\t/.exec(out)?.[1];
  if (bytes !== undefined) return Number(bytes);
  throw new StrataError('not_found', `cannot count what is in ${directory}: ${reasonOf(said)}`, {
    hint: 'It may have been closed or removed meanwhile.',
    details: { directory },
  });
}
