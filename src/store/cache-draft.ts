/** An entry of a cache while it is written: under a name of its own, until it is whole. */

import { closeSync, constants, fchmodSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs';
import type { Hash } from 'node:crypto';

import { errno } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { remove } from './cache-directory.ts';
import type { HeldDirectory } from './cache-directory.ts';
import { PART_BYTES, entryBytes, proofOf } from './cache-proof.ts';
import type { Subject } from './cache-proof.ts';
import { temporaryName } from './walk.ts';

const FILE_MODE = 0o600;
const FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

export class Draft implements Disposable {
  readonly #path: string;
  readonly #file: number;
  readonly #directory: HeldDirectory;
  readonly #digests: Uint8Array[] = [];
  #hash: Hash = newHash();
  /** Bytes of the part that is not complete. */
  #filled = 0;
  #length = 0;
  #moved = false;

  /** @param directory for files that are not whole; it is the draft's from now on */
  constructor(directory: HeldDirectory, random: Random) {
    this.#directory = directory;
    this.#path = directory.at(temporaryName(random));
    try {
      this.#file = openSync(this.#path, FLAGS, FILE_MODE);
    } catch (error) {
      directory[Symbol.dispose]();
      throw error;
    }
    try {
      // Whatever the umask.
      fchmodSync(this.#file, FILE_MODE);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Bytes of content. */
  get length(): number {
    return this.#length;
  }

  write(bytes: Uint8Array): void {
    writeFully(this.#file, bytes);
    this.#length += bytes.length;
    for (let at = 0; at < bytes.length;) {
      const piece = bytes.subarray(at, at + PART_BYTES - this.#filled);
      this.#hash.update(piece);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === PART_BYTES) this.#endPart();
    }
  }

  /** @returns bytes of the file, if it ends here */
  sizeAs(name: string): number {
    return entryBytes(name, this.#length);
  }

  /** After the last of the content, and once. */
  prove(subject: Subject): void {
    if (this.#filled > 0) this.#endPart();
    writeFully(this.#file, proofOf(subject, this.#length, this.#digests));
  }

  /** Makes it an entry, in place of what has the name there. @throws ENOENT if the directory of `path` was removed */
  publish(path: string): void {
    try {
      renameSync(this.#path, path);
    } catch (error) {
      if (errno(error) !== 'EISDIR') throw error;
      remove(path);
      renameSync(this.#path, path);
    }
    this.#moved = true;
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
    try {
      if (!this.#moved) unlinkSync(this.#path);
    } catch {
      // Others remove it once we are gone.
    } finally {
      this.#directory[Symbol.dispose]();
    }
  }

  #endPart(): void {
    this.#digests.push(this.#hash.digest());
    this.#hash = newHash();
    this.#filled = 0;
  }
}

/** Crypto is loaded by whoever needs it. */
function newHash(): Hash {
  return process.getBuiltinModule('node:crypto').createHash('sha256');
}

function writeFully(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}
