/** Takes the directory of a place away, whatever commands have made of it. No process may be at work in it. */

import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import { errno, systemError, utf8 } from '../base/index.ts';
import { removeTree } from '../disk/index.ts';

export async function removePlace(directory: string): Promise<void> {
  try {
    const parent = openSync(dirname(directory), constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await removeTree(parent, utf8(basename(directory)));
      // A command may have put something else in its place.
      rmSync(directory, { force: true });
    } finally {
      closeSync(parent);
    }
  } catch (error) {
    if (errno(error) === 'ENOENT') return;
    throw systemError(error, `take away ${directory}`);
  }
}
