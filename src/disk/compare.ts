/** What stands on disk where an entry of a tree is to be. */

import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs';

import { equalBytes, sha256 } from '../base/index.ts';
import { extentPages, unpackExtents } from '../tree/index.ts';
import type { Entry, FileEntry, NodeSource, SymlinkEntry } from '../tree/index.ts';
import { PERMISSION_BITS, at, lstatAt } from './at.ts';
import { readFully } from './cut-file.ts';
import type { Pace } from './pace.ts';
import { mtimeOf } from './times.ts';

/**
 * - `absent`: nothing is there
 * - `directory`: both are directories, and what they hold is merged
 * - `replaceable`: both are files or links
 * - `conflict`: only one of them is a directory, or something is there that no tree can hold
 */
export type Standing = 'absent' | 'directory' | 'replaceable' | 'conflict';

/** @param directory an open directory */
export function standing(directory: number, { name, kind }: Pick<Entry, 'name' | 'kind'>): Standing {
  const stats = lstatAt(directory, name);
  if (stats === undefined) return 'absent';
  if (stats.isDirectory()) return kind === 'directory' ? 'directory' : 'conflict';
  if (!stats.isFile() && !stats.isSymbolicLink()) return 'conflict';
  return kind === 'directory' ? 'conflict' : 'replaceable';
}

/**
 * Is exactly this entry already there: kind, mode, time and content? Content is read only when all else is equal.
 *
 * @param anyTime the time does not matter
 */
export async function isPresent(
  source: NodeSource,
  directory: number,
  entry: FileEntry | SymlinkEntry,
  buffer: Uint8Array,
  pace: Pace,
  anyTime = false,
): Promise<boolean> {
  const path = at(directory, entry.name);
  const stats = lstatSync(path);
  if (!anyTime && mtimeOf(stats, () => lstatSync(path, { bigint: true })) !== entry.mtime) return false;
  if (entry.kind === 'symlink')
    return stats.isSymbolicLink() && equalBytes(readlinkSync(path, 'buffer'), entry.target);
  if (!stats.isFile() || stats.size !== entry.size || (stats.mode & PERMISSION_BITS) !== entry.mode)
    return false;

  const fd = openForReading(path);
  if (fd === undefined) return false;
  try {
    return fstatSync(fd).ino === stats.ino && (await hasContent(source, fd, entry, buffer, pace));
  } finally {
    closeSync(fd);
  }
}

/** @returns undefined for a file that cannot be read, so it is replaced */
function openForReading(path: Buffer): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

async function hasContent(
  source: NodeSource,
  fd: number,
  entry: FileEntry,
  buffer: Uint8Array,
  pace: Pace,
): Promise<boolean> {
  let position = 0;
  for await (const page of extentPages(source, entry)) {
    for (const { chunk, length } of unpackExtents(page)) {
      for (let done = 0; done < length;) {
        // Chunks are at most 16 MiB and must be read whole to be hashed; holes can be read piece by piece.
        const part = chunk === undefined ? Math.min(length - done, buffer.length) : length;
        const bytes = part <= buffer.length ? buffer : new Uint8Array(part);
        if (readFully(fd, bytes, 0, part, position) !== part) return false;
        const read = bytes.subarray(0, part);
        if (chunk === undefined ? !isZero(read) : !equalBytes(sha256(read), chunk)) return false;
        done += part;
        position += part;
        if (pace.step()) await pace.pause();
      }
    }
  }
  return true;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && equalBytes(bytes.subarray(1), bytes.subarray(0, -1));
}
