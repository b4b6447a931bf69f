/** What stands on disk where an entry of a tree is to be. */

import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { equalBytes, sha256 } from '../base/index.ts';
import { extentPages, unpackExtents } from '../tree/index.ts';
import type { Entry, FileEntry, NodeSource, SymlinkEntry } from '../tree/index.ts';
import { PERMISSION_BITS, at, lstatAt } from './at.ts';
import { cutBuffer, readFully } from './cut-file.ts';
import type { KnownFiles } from './known-files.ts';
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

export interface ComparisonOptions {
  readonly source: NodeSource;
  readonly pace: Pace;
  /** Times do not matter. */
  readonly anyTime?: boolean | undefined;
  /** What is known of the directory that is compared, followed by who compares. */
  readonly known?: KnownFiles | undefined;
}

/** Whether it looks as the entry says, but for its time. */
export function isSuchFile(stats: Stats, { size, mode }: FileEntry): boolean {
  return stats.isFile() && stats.size === size && (stats.mode & PERMISSION_BITS) === mode;
}

/** @param path of what has the stats; a link is not followed */
export function isOfTime(stats: Stats, path: Buffer | string, { mtime }: Pick<FileEntry, 'mtime'>): boolean {
  return mtimeOf(stats, () => lstatSync(path, { bigint: true })) === mtime;
}

/** Whether exactly the entries of a tree are on disk already. */
export class Comparison {
  readonly #options: ComparisonOptions;
  readonly #buffer = cutBuffer();

  constructor(options: ComparisonOptions) {
    this.#options = options;
  }

  /**
   * Is exactly this entry there: kind, mode, time and content? Content is read only when all else is equal, and it is not known.
   *
   * @param directory an open directory
   * @returns what it looked like before it was read; undefined if it differs
   */
  async find(directory: number, entry: FileEntry | SymlinkEntry): Promise<Stats | undefined> {
    const { anyTime = false, source, known } = this.#options;
    const path = at(directory, entry.name);
    const stats = lstatSync(path);
    if (!anyTime && !isOfTime(stats, path, entry)) return undefined;
    if (entry.kind === 'symlink')
      return stats.isSymbolicLink() && equalBytes(readlinkSync(path, 'buffer'), entry.target)
        ? stats
        : undefined;
    if (!isSuchFile(stats, entry)) return undefined;
    if (known !== undefined && (await known.hasContent(source, entry, stats))) return stats;

    const fd = openForReading(path);
    if (fd === undefined) return undefined;
    try {
      return fstatSync(fd).ino === stats.ino && (await this.#hasContent(fd, entry)) ? stats : undefined;
    } finally {
      closeSync(fd);
    }
  }

  async #hasContent(fd: number, entry: FileEntry): Promise<boolean> {
    const { source, pace } = this.#options;
    let position = 0;
    for await (const page of extentPages(source, entry)) {
      for (const { chunk, length } of unpackExtents(page)) {
        for (let done = 0; done < length;) {
          // Chunks are at most 16 MiB and must be read whole to be hashed; holes can be read piece by piece.
          const part = chunk === undefined ? Math.min(length - done, this.#buffer.length) : length;
          const bytes = part <= this.#buffer.length ? this.#buffer : new Uint8Array(part);
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
}

/** @returns undefined for a file that cannot be read, so it is replaced */
function openForReading(path: Buffer): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function isZero(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && equalBytes(bytes.subarray(1), bytes.subarray(0, -1));
}
