/**
 * A file that is a file system (ext4). It is sparse: it takes what was written to it, not what it may hold.
 *
 * It has a journal, though a small one: what a task has written is worth more than the few percent that go without, and after a power cut it is
 * whole again at once, however many files it has.
 */

import {
  closeSync,
  constants,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { dirname } from 'node:path';

import { StrataError, syncDirectory, systemError } from '../base/index.ts';
import type { PlaceLock } from './lock.ts';
import { demand, reasonOf, run } from './program.ts';
import { roomAt } from './place.ts';

export const BLOCK = 4096;

/**
 * For each block an inode: however small the files are, blocks are used up first. They stand in tables that take a sixteenth of the image and are
 * not written before they are needed.
 */
const INODE_RATIO = BLOCK;
const INODE_BYTES = 256;

const MIB = 1024 * 1024;

/** For the journal, for tables that let it grow a thousandfold, and for what stays free (`MARGIN` in reserve.ts). */
const FIXED_BYTES = 256 * MIB;
const LEAST_JOURNAL_MIB = 8;
const MOST_JOURNAL_MIB = 64;
const JOURNAL_SHARE = 64;

/** Of mkfs.ext4: nothing is set aside for root, who is one of the writers, and who meets damage writes no more. */
const OPTIONS = [
  '-F -q -t ext4 -m 0 -e remount-ro',
  `-b ${BLOCK} -I ${INODE_BYTES} -i ${INODE_RATIO}`,
  '-E lazy_itable_init=1,lazy_journal_init=1,nodiscard',
].flatMap((words) => words.split(' '));

/** Bits of the exit code of e2fsck(8): something is wrong that it does not mend by itself, or it cannot even read it; it did not come to its end. */
const NOT_MENDED = 4 | 8;
const NOT_ENDED = ~15;

/** That much room less, and making an image has failed for want of it. */
const TOO_LITTLE = 16 * MIB;

/** How large an image is that holds `limit` bytes of files. */
export function imageBytes(limit: number): number {
  const bytes = (limit + FIXED_BYTES) / (1 - (1.1 * INODE_BYTES) / INODE_RATIO);
  return Math.ceil(bytes / MIB) * MIB;
}

/** It is there whole or not at all. @throws disk_full, unavailable */
export async function makeImage(path: string, limit: number, { holding }: PlaceLock): Promise<void> {
  const draft = `${path}.new`;
  // Of one who died; nobody else is at work here.
  rmSync(draft, { force: true });
  const journal = limit / JOURNAL_SHARE / MIB;
  const journalMib = Math.round(Math.min(Math.max(journal, LEAST_JOURNAL_MIB), MOST_JOURNAL_MIB));
  const doing = `make the file system ${path}`;
  try {
    resizeFile(draft, imageBytes(limit), constants.O_CREAT | constants.O_EXCL);
    const words = ['mkfs.ext4', ...OPTIONS, '-J', `size=${journalMib}`, draft] as const;
    await demand(words, doing, { holding });
    syncFile(draft);
    renameSync(draft, path);
    syncDirectory(dirname(path));
  } catch (error) {
    rmSync(draft, { force: true });
    if (roomAt(dirname(path)).available < TOO_LITTLE) throw noRoom(doing, error);
    throw systemError(error, doing);
  }
}

/** Nobody has it mounted. What the journal has is done, small faults are mended. @throws integrity, unavailable */
export async function checkImage(path: string, { holding }: PlaceLock, thorough = false): Promise<void> {
  const { code, out, said } = await run(['e2fsck', '-p', ...(thorough ? ['-f'] : []), path], { holding });
  if ((code & NOT_ENDED) !== 0)
    throw new StrataError('unavailable', `cannot check the file system ${path}: ${reasonOf(said)}`, {
      details: { path, code },
    });
  if ((code & NOT_MENDED) !== 0) throw damaged(path, reasonOf(`${said} ${out}`));
}

/** Makes the file longer, not yet the file system in it. */
export function lengthenImage(path: string, bytes: number): void {
  try {
    if (lstatSync(path).size < bytes) resizeFile(path, bytes, 0);
  } catch (error) {
    throw systemError(error, `enlarge ${path}`);
  }
}

/** Gives the file system the size of its file; nobody has it mounted. @throws integrity, unavailable */
export async function fillImage(path: string, lock: PlaceLock): Promise<void> {
  // resize2fs demands it.
  await checkImage(path, lock, true);
  await demand(['resize2fs', path], `enlarge the file system ${path}`, { holding: lock.holding });
}

export function damaged(path: string, reason: string): StrataError {
  return new StrataError('integrity', `the file system ${path} is damaged: ${reason}`, {
    hint: `Go back to the last snapshot, or mend what is there, which may lose files: e2fsck -f -y ${path}`,
    details: { path },
  });
}

function noRoom(doing: string, cause: unknown): StrataError {
  return new StrataError('disk_full', `cannot ${doing}: no space is left on the disk that it is to be on`, {
    hint: 'Free some space there, then run the command again.',
    cause,
  });
}

function resizeFile(path: string, bytes: number, flags: number): void {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | flags, 0o600);
  try {
    ftruncateSync(fd, bytes);
  } finally {
    closeSync(fd);
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
