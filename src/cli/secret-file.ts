/** A new file that only its owner can read. */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import { StrataError, errno, syncDirectory, systemError } from '../base/index.ts';

/**
 * Durable when it returns: it may be the only copy that outlives the disk.
 *
 * @throws already_exists, not_found, unreadable, disk_full, read_only
 */
export function writeSecret(file: string, text: string): void {
  try {
    const fd = openSync(file, 'wx', 0o600);
    try {
      writeSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    syncDirectory(dirname(file));
  } catch (error) {
    if (errno(error) === 'EEXIST') {
      throw new StrataError('already_exists', `${file} is there already, and is not written over`, {
        hint: 'Choose another name.',
        cause: error,
      });
    }
    throw systemError(error, `write ${file}`);
  }
}
