/** A file that appears under its name when all of it is there, durably, or not at all. */

import { lstatSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import {
  HOLDER_PATTERN,
  StrataError,
  errno,
  fateOf,
  syncDirectory,
  systemError,
  systemRandom,
  thisProcess,
  toHex,
} from '../base/index.ts';

/** Bytes of the random part of a temporary name. */
const TOKEN_BYTES = 6;

/** Until it is whole a file has a name that says who writes it: the next one that is written beside it takes away what the dead have left. */
const TEMPORARY = new RegExp(String.raw`^\.strata-(${HOLDER_PATTERN})-[0-9a-f]{${2 * TOKEN_BYTES}}\.tmp$`);

/**
 * @param write writes all of it, by the function that it is given; what it returns is returned
 * @throws bad_input if something else than a file has that name; not_found, refused, disk_full, read_only; what `write` throws
 */
export async function writeOutputFile<Result>(
  path: string,
  write: (take: (part: Uint8Array) => Promise<boolean>) => Promise<Result>,
): Promise<Result> {
  const target = targetOf(resolve(path));
  const temporary = join(dirname(target), `.strata-${thisProcess()}-${toHex(systemRandom(TOKEN_BYTES))}.tmp`);
  await sweep(dirname(target));
  const { open, rename, unlink } = await import('node:fs/promises');
  try {
    const file = await open(temporary, 'wx');
    try {
      const result = await write(async (part) => {
        await file.writeFile(part);
        return true;
      });
      await file.sync();
      await rename(temporary, target);
      syncDirectory(dirname(target));
      return result;
    } catch (error) {
      // What cannot be removed either must not hide why.
      await unlink(temporary).catch(() => {});
      throw error;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw systemError(error, `write ${path}`);
  }
}

async function sweep(directory: string): Promise<void> {
  const { readdir, unlink } = await import('node:fs/promises');
  // A directory that cannot be listed may be written to all the same.
  for (const name of await readdir(directory).catch(() => [])) {
    const holder = TEMPORARY.exec(name)?.[1];
    if (holder !== undefined && fateOf(holder) === 'dead')
      await unlink(join(directory, name)).catch(() => {});
  }
}

/** A link is followed: what it leads to is replaced. A device or a FIFO would be replaced by a file, so it is refused. */
function targetOf(path: string): string {
  let target = path;
  try {
    target = realpathSync(path);
  } catch (error) {
    if (errno(error) !== 'ENOENT') throw systemError(error, `write ${path}`);
  }
  if (lstatSync(target, { throwIfNoEntry: false })?.isFile() !== false) return target;
  throw new StrataError('bad_input', `${path} is there already, and is no file`, {
    hint: 'Give the name of a new file, or - for stdout, which may be redirected.',
  });
}
