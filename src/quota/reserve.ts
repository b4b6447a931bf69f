/**
 * How a mounted ext4 is made to hold so many bytes and no more, root's included. The image is larger than the limit, and the kernel keeps the rest
 * back: it has a number of blocks that are for its own tables alone (`reserved_clusters` in sysfs), so the limit is exact, can be changed while it
 * is in use, also below what is there, and what was written never fails for want of a block for a table.
 */

import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';

import { StrataError, systemError } from '../base/index.ts';
import { BLOCK } from './image.ts';
import { roomAt } from './place.ts';

/** Bytes that the kernel always has for its own tables: what it takes by itself is at most as much. */
const MARGIN = 16 * 1024 * 1024;

/** What is used when there is not a single file: the root, `lost+found`, the inode for growing, and the directory of the files; a block is 4 KiB. */
export const EMPTY_BYTES = 7 * BLOCK;

/** How many bytes a file system is short of for a limit; 0: it is large enough. */
export function missingFor(limit: number, directory: string): number {
  return Math.max(0, limit + EMPTY_BYTES + MARGIN - roomAt(directory).total);
}

/**
 * Holds until it is unmounted.
 *
 * @param device as in `/dev/loop3`
 * @throws unavailable where sysfs cannot be written to
 */
export function limitTo(limit: number, directory: string, device: string): void {
  const path = `/sys/fs/ext4/${basename(device)}/reserved_clusters`;
  const blocks = Math.floor((roomAt(directory).total - limit - EMPTY_BYTES) / BLOCK);
  try {
    writeFileSync(path, String(blocks));
  } catch (error) {
    throw new StrataError('unavailable', `the size of ${directory} cannot be limited`, {
      hint: 'It takes a /sys that can be written to. Other means need none.',
      details: { path },
      cause: systemError(error, `write ${path}`),
    });
  }
}
