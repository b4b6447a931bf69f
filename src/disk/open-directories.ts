/**
 * The directories of a schedule, made and opened wherever one is needed: files that share a block may lie far apart. Only the last few
 * stay open.
 *
 * A path of several names is walked from a directory that is open, so a link on the way would be followed. Nobody else can put one there,
 * but what was opened is compared with what was made all the same.
 */

import { closeSync, constants, fstatSync, mkdirSync, openSync, rmdirSync } from 'node:fs';

import { StrataError } from '../base/index.ts';
import { UNLOCKED } from './at.ts';
import { withPath } from '../tree/index.ts';
import { writeError } from './failure.ts';
import { CLAIMED, MADE, UNMADE, pathOfDirectory } from './schedule.ts';
import type { Schedule } from './schedule.ts';

/** Of these the usual limit of 1024 open files allows for many threads. */
const MOST = 64;

/** Bytes of a path below Linux's limit of 4096, with room for what stands before it and one more name. */
const STEP = 3500;

/** How long one thread waits for another to make a directory: that died meanwhile, or its disk does not answer. Milliseconds. */
const PATIENCE_MS = 60_000;

const DIRECTORY = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

export class OpenDirectories implements Disposable {
  readonly #schedule: Schedule;
  readonly #names: Buffer;
  readonly #root: number;
  /** All that is made below the root is on its file system: the same inode number elsewhere is another directory. */
  readonly #device: number;
  /** In the order of their last use: Map keeps insertion order. */
  readonly #open = new Map<number, number>();

  /** @param root an open directory, which stays open: row 0 */
  constructor(schedule: Schedule, root: number) {
    const { buffer, byteOffset, byteLength } = schedule.names;
    this.#schedule = schedule;
    this.#names = Buffer.from(buffer, byteOffset, byteLength);
    this.#root = root;
    this.#device = fstatSync(root).dev;
  }

  /**
   * A descriptor that is good until the next call. What is missing on the way is made.
   *
   * @throws the system's error; disk_full, read_only, conflict, each with the path; file_changed if something else is there than was made
   */
  get(directory: number): number {
    if (directory === 0) return this.#root;
    const known = this.#open.get(directory);
    if (known !== undefined) {
      this.#open.delete(directory);
      this.#open.set(directory, known);
      return known;
    }
    const { parent, state } = this.#schedule.directories;
    const missing: number[] = [];
    for (let row = directory; Atomics.load(state, row) !== MADE; row = parent[row]!) missing.push(row);
    if (missing.length === 0) return this.#keep(directory, this.#openFrom(directory));
    // Not recursive: directories may be thousands deep.
    for (const row of missing.reverse()) this.#make(row, this.get(parent[row]!));
    return this.get(directory);
  }

  /** The path of a name in an open directory: text where it can be, which is faster than bytes. */
  path(fd: number, name: number, length: number): string | Buffer {
    return asPath(`/proc/self/fd/${fd}/${this.#names.toString('latin1', name, name + length)}`);
  }

  [Symbol.dispose](): void {
    for (const fd of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  /** @param above its parent, open */
  #make(row: number, above: number): void {
    const { name, nameLength, inode, state } = this.#schedule.directories;
    if (Atomics.compareExchange(state, row, UNMADE, CLAIMED) !== UNMADE) {
      // By another thread at this moment. If it fails, we try it ourselves and are told why.
      if (Atomics.wait(state, row, CLAIMED, PATIENCE_MS) !== 'timed-out') return;
      throw new StrataError('internal', 'another thread did not finish a directory that it had begun');
    }
    let become: typeof MADE | typeof UNMADE = UNMADE;
    try {
      const path = this.path(above, name[row]!, nameLength[row]!);
      mkdirSync(path, UNLOCKED);
      inode[row] = this.#openMade(row, path);
      become = MADE;
    } catch (error) {
      throw withPath(writeError(error, 'make a directory'), pathOfDirectory(this.#schedule, row));
    } finally {
      // Others wait for it, the thread that would hear of our failure among them.
      Atomics.store(state, row, become);
      Atomics.notify(state, row);
    }
  }

  /** @returns its inode. What cannot be opened is removed: whoever tries it next is to see what failed, not that something is in the way */
  #openMade(row: number, path: string | Buffer): number {
    try {
      const fd = openSync(path, DIRECTORY);
      const { ino } = fstatSync(fd);
      this.#keep(row, fd);
      return ino;
    } catch (error) {
      try {
        rmdirSync(path);
      } catch {
        // The first error says more.
      }
      throw error;
    }
  }

  #openFrom(directory: number): number {
    const { parent, name, nameLength, inode } = this.#schedule.directories;
    const names: string[] = [];
    let from = directory;
    for (; from !== 0 && !this.#open.has(from); from = parent[from]!)
      names.push(this.#names.toString('latin1', name[from], name[from]! + nameLength[from]!));
    const start = from === 0 ? this.#root : this.#open.get(from)!;
    const fd = descend(start, names.reverse());
    const { dev, ino } = fstatSync(fd);
    if (dev === this.#device && ino === inode[directory]) return fd;
    closeSync(fd);
    throw new StrataError('file_changed', 'a directory was replaced while it was being written to', {
      hint: 'Run the command again when nothing else moves directories around.',
    });
  }

  #keep(directory: number, fd: number): number {
    const [oldest] = this.#open;
    if (this.#open.size >= MOST && oldest !== undefined) {
      this.#open.delete(oldest[0]);
      closeSync(oldest[1]);
    }
    this.#open.set(directory, fd);
    return fd;
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
