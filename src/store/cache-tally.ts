/**
 * How much lies in a cache, known to all its processes without looking: the size of a file. Who adds an entry appends a byte for each block
 * of it, before there is one, so the sum is never too small for long, whoever is killed when. Who has listed everything puts a new one in
 * its place.
 */

import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  openSync,
  renameSync,
  writeSync,
} from 'node:fs';

import { errno } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { remove } from './cache-directory.ts';
import type { HeldDirectory } from './cache-directory.ts';
import { TALLY } from './cache-names.ts';
import { temporaryName } from './walk.ts';

/** Bytes that disks give files in. */
const BLOCK_BYTES = 4096;
const FILE_MODE = 0o600;
const SAFELY = constants.O_NOFOLLOW | constants.O_NONBLOCK;
const ADD_FLAGS = constants.O_WRONLY | constants.O_APPEND | SAFELY;
const NEW_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | SAFELY;

/** What is answered when there is no plain file. */
const NONE: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ELOOP', 'ENXIO', 'EISDIR', 'ENOTDIR']);

/** @returns bytes on the disk of a file of that size: itself, and its names */
export function costOf(size: number): number {
  return (Math.ceil(size / BLOCK_BYTES) + 1) * BLOCK_BYTES;
}

/** @returns bytes; undefined if nobody knows */
export function readTally(root: HeldDirectory): number | undefined {
  const file = openTally(root);
  if (file === undefined) return undefined;
  try {
    const { size } = fstatSync(file);
    return size === 0 ? undefined : size * BLOCK_BYTES;
  } finally {
    closeSync(file);
  }
}

/** @param cost bytes */
export function addToTally(root: HeldDirectory, cost: number): void {
  const blocks = new Uint8Array(cost / BLOCK_BYTES);
  for (;;) {
    const file = openTally(root);
    // Who misses it will list everything.
    if (file === undefined) return;
    try {
      writeSync(file, blocks);
      // Else another one has taken its place, and may have been made without these.
      if (fstatSync(file).nlink > 0) return;
    } finally {
      closeSync(file);
    }
  }
}

/** While everything is listed, others go on adding. */
export class NewTally implements Disposable {
  readonly #root: HeldDirectory;
  #old: number | undefined;
  readonly #before: number;

  constructor(root: HeldDirectory) {
    this.#root = root;
    this.#old = openTally(root);
    this.#before = this.#blocks();
  }

  /**
   * Unless another process has just done so: then those that were added since stand in its tally.
   *
   * @param found bytes @param drafts where it is made
   */
  publish(found: number, drafts: HeldDirectory, random: Random): void {
    if (this.#isOvertaken()) return;
    const path = drafts.at(temporaryName(random));
    const file = openSync(path, NEW_FLAGS, FILE_MODE);
    try {
      // Whatever the umask.
      fchmodSync(file, FILE_MODE);
      const seen = this.#blocks();
      // Never empty: that is what a power cut makes of it.
      ftruncateSync(file, 1 + found / BLOCK_BYTES + Math.max(seen - this.#before, 0));
      renameSync(path, this.#root.at(TALLY));
      const late = this.#blocks() - seen;
      if (late > 0) addToTally(this.#root, late * BLOCK_BYTES);
    } finally {
      closeSync(file);
      remove(path);
    }
  }

  [Symbol.dispose](): void {
    if (this.#old !== undefined) closeSync(this.#old);
  }

  #isOvertaken(): boolean {
    if (this.#old !== undefined) return fstatSync(this.#old).nlink === 0;
    this.#old = openTally(this.#root);
    return this.#blocks() > 0;
  }

  #blocks(): number {
    return this.#old === undefined ? 0 : fstatSync(this.#old).size;
  }
}

/** What is no plain file is removed. */
function openTally(root: HeldDirectory): number | undefined {
  const path = root.at(TALLY);
  try {
    const file = openSync(path, ADD_FLAGS);
    const stats = fstatSync(file);
    // One that has another name as well is somebody's file.
    if (stats.isFile() && stats.nlink <= 1) return file;
    closeSync(file);
  } catch (error) {
    if (!NONE.has(errno(error))) throw error;
  }
  remove(path);
  return undefined;
}
