/**
 * Names relative to an open directory. Node has no `openat`, but `/proc/self/fd/N/name` is resolved from the directory itself,
 * wherever its path has gone meanwhile; so no path that an enemy can redirect is ever walked twice, and none is too long.
 */

import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  opendirSync,
  readFileSync,
  readdirSync,
} from 'node:fs';
import type { Stats } from 'node:fs';

import { StrataError, errno } from '../base/index.ts';
import { NameList } from './name-list.ts';

/** `O_PATH` of Linux (asm-generic/fcntl.h), which Node does not name: a handle that needs no permission to read. */
const O_PATH = 0o10000000;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY;

/** Bytes of a directory itself, from which on it may have tens of thousands of names. */
const LARGE_DIRECTORY = 1024 * 1024;

export const PERMISSION_BITS = 0o777;

/** All that `chmod` sets: also setuid, setgid and sticky, which no tree has and what is there may have. */
export const MODE_BITS = 0o7777;

/** The mode of a directory that is only ours, and with which its owner can do everything. */
export const UNLOCKED = 0o700;

export function at(directory: number, name: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory}/`), name]);
}

const NOT_ASCII = /[^\0-\x7f]/;

/** As `at`, for a name from `namesIn`: text where the bytes are the same either way, which Node turns into a path in half the time. */
export function atText(directory: number, name: string): Buffer | string {
  return NOT_ASCII.test(name) ? at(directory, nameBytes(name)) : `/proc/self/fd/${directory}/${name}`;
}

/** Opens a directory by a path that a user gave: links in it are followed. */
export function openDirectory(path: string): number {
  return openSync(path, DIRECTORY);
}

/** Opens a directory in a directory. A link in its place is not followed but `ELOOP` or `ENOTDIR`. */
export function openDirectoryAt(directory: number, name: Uint8Array): number {
  return openSync(at(directory, name), DIRECTORY | constants.O_NOFOLLOW);
}

/** A second descriptor of an open directory, for someone who will close it. */
export function reopenDirectory(directory: number): number {
  return openSync(`/proc/self/fd/${directory}`, DIRECTORY);
}

/** @returns undefined if there is nothing of that name */
export function lstatAt(directory: number, name: Uint8Array): Stats | undefined {
  return lstatSync(at(directory, name), { throwIfNoEntry: false });
}

/** As `lstatAt`, for a name from `namesIn`. */
export function lstatAtText(directory: number, name: string): Stats | undefined {
  return lstatSync(atText(directory, name), { throwIfNoEntry: false });
}

/**
 * The names in an open directory in ascending order of their bytes. Each is text with one character a byte: that is exact,
 * sorts as the bytes do, and takes a third of the memory of Buffers, which counts in a directory of a million.
 */
export function namesIn(directory: number): string[] {
  // Without a comparer, strings sort by their characters' codes: here the bytes.
  return listing(() => readdirSync(`/proc/self/fd/${directory}`, 'latin1').sort());
}

/** As `namesIn`; no more of a directory is read than is asked for, and of a longer one these are any. */
export function firstNamesIn(directory: number, most: number): string[] {
  return listing(() => {
    const names: string[] = [];
    for (const name of namesByAndBy(directory)) {
      names.push(name);
      if (names.length === most) break;
    }
    return names.sort();
  });
}

/** Names in ascending order, as `namesIn` has them; undefined behind the last. */
export interface Names {
  readonly length: number;
  at(index: number): string | undefined;
}

/** Whether a directory may have tens of thousands of names, more than `namesIn` is for. */
export function isLarge({ size }: Stats): boolean {
  return size >= LARGE_DIRECTORY;
}

/** As `namesIn`, also where there are a million. */
export function manyNamesIn(directory: number, stats: Stats = fstatSync(directory)): Names {
  if (!isLarge(stats)) return namesIn(directory);
  return listing(() => {
    const names = new NameList();
    for (const name of namesByAndBy(directory)) names.add(name);
    return names.sort();
  });
}

/** A part at a time: Node lists a million names in 60 MB of its own, and keeps that memory. */
function* namesByAndBy(directory: number): Generator<string, void> {
  using entries = opendirSync(`/proc/self/fd/${directory}`, { encoding: 'latin1', bufferSize: 1024 });
  for (let entry = entries.readSync(); entry !== null; entry = entries.readSync()) yield entry.name;
}

function listing<Listed>(list: () => Listed): Listed {
  try {
    return list();
  } catch (error) {
    // Also what a directory says that was removed while it was open.
    if (errno(error) !== 'ENOENT' || existsSync('/proc/self/fd')) throw error;
    throw new StrataError('unavailable', '/proc is not mounted, and directories are read through it', {
      hint: 'Mount it: mount -t proc proc /proc',
      cause: error,
    });
  }
}

/** The bytes of a name from `namesIn`. */
export function nameBytes(name: string): Buffer {
  return Buffer.from(name, 'latin1');
}

/**
 * Runs `use` with a handle to a directory whose mode may not let us open it, as long as it is ours. `chmod` and `utimes` by
 * name would follow a link put in the directory's place; by the handle's own name under /proc they reach what was opened.
 */
export function withHandle<T>(directory: number, name: Uint8Array, use: (handle: string) => T): T {
  const fd = openSync(at(directory, name), O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

/** Lets us into a directory of ours, and lets us move what it holds, whatever its mode. */
export function unlockAt(directory: number, name: Uint8Array): void {
  withHandle(directory, name, (handle) => chmodSync(handle, UNLOCKED));
}

/** Which mount and device an open directory is on: differs from its parent's at a mount point, bind mounts included. */
export function mountOf(directory: number): string | undefined {
  const mount = /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${directory}`, 'latin1'))?.[1];
  // A subvolume of btrfs is a device of its own, and no mount.
  return mount && `${mount} ${fstatSync(directory).dev}`;
}

export function isSameDirectory(a: number, b: number): boolean {
  const one = fstatSync(a, { bigint: true });
  const other = fstatSync(b, { bigint: true });
  return one.ino === other.ino && one.dev === other.dev;
}
