/** What a place looks like, whatever the means: the limit is for all that is in one directory, and the files are in a directory in that one. */

import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statfsSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { StrataError, makeDirectories, mountsIn, syncDirectory, systemError, errno } from '../base/index.ts';
import { removeTree } from '../disk/index.ts';

export interface Place {
  readonly path: string;
  /** Whoever replaces the files by a rename, as a restore does, makes the new ones in here, so they count as well. */
  readonly limited: string;
  readonly files: string;
}

export const LOCK_NAME = 'lock';

const PRIVATE_MODE = 0o700;

/** Of the files themselves, as `mkdir` would make it. */
const FILES_MODE = 0o755;

export function placeAt(path: string): Place {
  const limited = join(resolve(path), 'limited');
  return { path: resolve(path), limited, files: join(limited, 'files') };
}

/** Nothing is in it yet. @throws bad_input, disk_full, … */
export function makePlace({ path }: Place): void {
  try {
    if (!isDirectory(path)) makeDirectories(path);
  } catch (error) {
    throw systemError(error, `make ${path}`);
  }
}

export function makeLimited({ limited }: Place): void {
  try {
    makeDirectory(limited, PRIVATE_MODE);
  } catch (error) {
    throw systemError(error, `make ${limited}`);
  }
}

export function makeFiles({ files, limited }: Place): void {
  try {
    if (makeDirectory(files, FILES_MODE)) syncDirectory(limited);
  } catch (error) {
    throw systemError(error, `make ${files}`);
  }
}

/** @returns whether it was missing */
function makeDirectory(path: string, mode: number): boolean {
  if (isDirectory(path)) return false;
  try {
    mkdirSync(path, mode);
    return true;
  } catch (error) {
    // Somebody else was faster.
    if (errno(error) === 'EEXIST' && isDirectory(path)) return false;
    throw error;
  }
}

/** @returns false: nothing is there @throws bad_input for anything else: a link would lead to where others write */
export function isDirectory(path: string): boolean {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined || stats.isDirectory()) return stats !== undefined;
  throw new StrataError('bad_input', `${path} is no directory`, {
    hint: 'Something else has been put there: move it away.',
    details: { path },
  });
}

/** For whoever has its lock. @throws unavailable if something is mounted in it: that is not ours to empty */
export async function removePlace({ path }: Place): Promise<void> {
  const [mounted] = mountsIn(path);
  if (mounted !== undefined)
    throw new StrataError('unavailable', `${path} cannot be removed: something is mounted at ${mounted}`, {
      hint: `Look what uses it, then: umount ${mounted}`,
      details: { path, mounted },
    });
  try {
    await emptyPlace(path);
    // From here on others may make it anew, and then it stays.
    rmSync(join(path, LOCK_NAME));
    rmdirSync(path);
    syncDirectory(dirname(path));
  } catch (error) {
    if (errno(error) !== 'ENOTEMPTY' && errno(error) !== 'ENOENT') throw systemError(error, `remove ${path}`);
  }
}

async function emptyPlace(path: string): Promise<void> {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeTree(directory, Buffer.from(entry.name));
      else if (entry.name !== LOCK_NAME) rmSync(join(path, entry.name));
    }
  } finally {
    closeSync(directory);
  }
}

/** What a file system tells of its room, in bytes. @throws not_found if the directory is not there, as when it is closed */
export function roomAt(path: string): { total: number; free: number; available: number; inodes: number } {
  try {
    const { bsize, blocks, bfree, bavail, ffree } = statfsSync(path);
    return { total: blocks * bsize, free: bfree * bsize, available: bavail * bsize, inodes: ffree };
  } catch (error) {
    throw systemError(error, `look at ${path}`);
  }
}
