/** Opening a database that cannot be written to: on a disk mounted read-only, or of another user who lets us read. */

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { StrataError } from '../base/index.ts';

const HINT = 'Copy the home to a place that can be written to, or remount it read-write.';

/** @returns false also if there is no file, or none that we may read: opening it for writing gives the true error */
export function isReadOnly(path: string): boolean {
  return !isWritable(path) && isAllowed(path, constants.R_OK);
}

/** Of a directory: whether there can be new files in it. */
export function isWritable(path: string): boolean {
  return isAllowed(path, constants.W_OK);
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/**
 * What cannot be written to can have no new file beside it either. With the two files of a process that is at it, or died at it,
 * SQLite reads all that was committed; with neither of them, the database is whole and can be read as one that never changes.
 *
 * @throws read_only if there are changes beside it that cannot be read without writing; the errors of SQLite
 */
export function connectReadOnly(path: string, label: string): DatabaseSync {
  if (existsSync(`${path}-wal`) && existsSync(`${path}-shm`))
    return new DatabaseSync(path, { readOnly: true });
  const changes = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (changes !== undefined && changes.size > 0)
    throw new StrataError(
      'read_only',
      `${label} has changes in ${path}-wal that have to be merged into it first`,
      {
        hint: HINT,
      },
    );
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}

/** @param version of its tables */
export function cannotMigrate(label: string, version: number): StrataError {
  return new StrataError(
    'read_only',
    `${label} has version ${version}, and cannot be written to, to be brought up to date`,
    { hint: HINT },
  );
}
