/** A file that appears under its name when all of it is there, durably, or not at all. */

import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

import { StrataError, errno, syncDirectory, systemError, systemRandom, toHex } from '../base/index.ts';

/** Bytes of the random part of a temporary name. */
const TOKEN_BYTES = 6;

/** Characters of the name that the temporary one keeps: a name has at most 255 bytes. */
const KEPT = 60;

/**
 * @param write writes all of it, by the function that it is given; what it returns is returned
 * @throws bad_input if something else than a file has that name; not_found, refused, disk_full, read_only; what `write` throws
 */
export async function writeOutputFile<Result>(
  path: string,
  write: (take: (part: Uint8Array) => Promise<boolean>) => Promise<Result>,
): Promise<Result> {
  const target = targetOf(resolve(path));
  const temporary = join(
    dirname(target),
    `.${basename(target).slice(0, KEPT)}.${toHex(systemRandom(TOKEN_BYTES))}.tmp`,
  );
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
