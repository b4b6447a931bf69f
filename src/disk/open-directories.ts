/**
 * The directories of a schedule, opened wherever one is needed: files that share a block may lie far apart. Only the last few stay open.
 *
 * A path of several names is walked from a directory that is open, so a link on the way would be followed. Nobody else can put one there,
 * but what was opened is compared with what was made all the same.
 */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';

import { StrataError } from '../base/index.ts';
import type { Schedule } from './schedule.ts';

/** Few, since every thread has so many. */
const MOST = 32;

/** Bytes of a path below Linux's limit of 4096, with room for what stands before it and one more name. */
const STEP = 3500;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export class OpenDirectories implements Disposable {
  readonly #schedule: Schedule;
  readonly #names: Buffer;
  readonly #root: number;
  /** In the order of their last use: Map keeps insertion order. */
  readonly #open = new Map<number, number>();

  /** @param root an open directory, which stays open: row 0 */
  constructor(schedule: Schedule, root: number) {
    const { buffer, byteOffset, byteLength } = schedule.names;
    this.#schedule = schedule;
    this.#names = Buffer.from(buffer, byteOffset, byteLength);
    this.#root = root;
  }

  /**
   * A descriptor that is good until the next call.
   *
   * @throws the system's error; file_changed if something else is there than was made
   */
  get(directory: number): number {
    if (directory === 0) return this.#root;
    let fd = this.#open.get(directory);
    if (fd === undefined) {
      fd = this.#openFrom(directory);
      this.#makeRoom();
    } else this.#open.delete(directory);
    this.#open.set(directory, fd);
    return fd;
  }

  /** The path of a name in an open directory: text where it can be, which is faster than bytes. */
  path(fd: number, name: number, length: number): string | Buffer {
    return asPath(`/proc/self/fd/${fd}/${this.#names.toString('latin1', name, name + length)}`);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  #openFrom(directory: number): number {
    const { parent, name, nameLength, inode } = this.#schedule.directories;
    const names: string[] = [];
    let from = directory;
    for (; from !== 0 && !this.#open.has(from); from = parent[from]!)
      names.push(this.#names.toString('latin1', name[from], name[from]! + nameLength[from]!));
    const start = from === 0 ? this.#root : this.#open.get(from)!;
    const fd = descend(start, names.reverse());
    if (fstatSync(fd).ino === inode[directory]) return fd;
    closeSync(fd);
    throw new StrataError('file_changed', 'a directory was replaced while it was being written to', {
      hint: 'Run the command again when nothing else moves directories around.',
    });
  }

  #makeRoom(): void {
    if (this.#open.size < MOST) return;
    const [oldest] = this.#open;
    closeSync(oldest![1]);
    this.#open.delete(oldest![0]);
  }
}

/** @param names at least one, of one character a byte */
function descend(start: number, names: readonly string[]): number {
  let fd = start;
  for (let at = 0; at < names.length;) {
    let path = `/proc/self/fd/${fd}`;
    do path += `/${names[at++]}`;
    while (at < names.length && path.length < STEP);
    const above = fd;
    try {
      fd = openSync(asPath(path), DIRECTORY);
    } finally {
      if (above !== start) closeSync(above);
    }
  }
  return fd;
}

function asPath(path: string): string | Buffer {
  // Node would make UTF-8 of it.
  return /[\u0080-\u00ff]/.test(path) ? Buffer.from(path, 'latin1') : path;
}
