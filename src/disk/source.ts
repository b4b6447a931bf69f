/** The directory that a save starts from. */

import { StrataError, errno, systemError } from '../base/index.ts';
import { openDirectory } from './at.ts';
import type { OffLimits } from './off-limits.ts';

/** @throws not_found, bad_input if it is no directory or off limits, unreadable */
export function openSource(directory: string, offLimits: OffLimits): number {
  if (offLimits.covers(directory)) {
    throw new StrataError('bad_input', `${directory} belongs to the store that it would be saved to`, {
      hint: 'Save another directory. To keep a copy of the store, copy it while nothing is being saved.',
    });
  }
  try {
    return openDirectory(directory);
  } catch (error) {
    const code = errno(error);
    if (code === 'ENOENT')
      throw new StrataError('not_found', `there is no directory ${directory}`, {
        hint: 'Check the path; a save starts from a directory that exists.',
        cause: error,
      });
    if (code === 'ENOTDIR')
      throw new StrataError('bad_input', `${directory} is not a directory`, {
        hint: 'Give the directory that holds it; --exclude leaves the rest out.',
        cause: error,
      });
    throw systemError(error, `open ${directory}`);
  }
}
