/** What goes wrong while writing, said so that one knows what to do. */

import { StrataError, errno, systemError } from '../base/index.ts';

/** Turns a system error of writing into one of ours; others pass through. @param doing as for `systemError` */
export function writeError(error: unknown, doing: string): unknown {
  const code = errno(error);
  if (error instanceof StrataError) return error;
  if (code === 'EACCES' || code === 'EPERM')
    return new StrataError('refused', `cannot ${doing}: permission denied`, {
      hint: 'Choose a directory that you may write to.',
      details: { errno: code },
      cause: error,
    });
  if (code === 'EEXIST')
    return new StrataError('conflict', `cannot ${doing}: two names of the tree are one on this file system`, {
      hint: 'Restore to a file system that tells upper from lower case and keeps all bytes of names.',
      details: { errno: code },
      cause: error,
    });
  return systemError(error, doing);
}

export function wrongLength(): StrataError {
  return new StrataError('integrity', 'a chunk does not have the length that its file says');
}
