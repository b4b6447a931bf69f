/**
 * Directories of a cache, held open: each is reached from the one above, and no link is followed on the way. So whatever lies in the cache,
 * what is written, read or removed for it lies in it too.
 */

import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';

import { StrataError, errno } from '../base/index.ts';

const DIRECTORY_MODE = 0o700;
const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** What is answered where no directory is. */
const ABSENT: ReadonlySet<string | undefined> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);

export class HeldDirectory implements Disposable {
  readonly #fd: number;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** @returns undefined if there is none; what is there instead is removed */
  static open(path: string): HeldDirectory | undefined {
    try {
      return new HeldDirectory(openSync(path, FLAGS));
    } catch (error) {
      if (!ABSENT.has(errno(error))) throw error;
      if (errno(error) !== 'ENOENT') remove(path);
      return undefined;
    }
  }

  /** As `open`; makes it if there is none. */
  static make(path: string): HeldDirectory {
    for (let tries = 3; ; tries--) {
      const there = HeldDirectory.open(path);
      if (there !== undefined) return there;
      try {
        mkdirSync(path, { mode: DIRECTORY_MODE });
        // Whatever the umask.
        chmodSync(path, DIRECTORY_MODE);
      } catch (error) {
        // Others make the same directories, and take away those that are empty.
        if ((errno(error) !== 'EEXIST' && errno(error) !== 'ENOENT') || tries === 0) throw error;
      }
    }
  }

  enter(name: string): HeldDirectory | undefined {
    return HeldDirectory.open(this.at(name));
  }

  enterOrMake(name: string): HeldDirectory {
    return HeldDirectory.make(this.at(name));
  }

  /** A path of a name in it, wherever the directory is by now. */
  at(name: string): string {
    return `/proc/self/fd/${this.#fd}/${name}`;
  }

  names(): string[] {
    return readdirSync(`/proc/self/fd/${this.#fd}`);
  }

  /** @throws not_ours: others could change what is in it, or read it */
  claim(path: string): void {
    const { uid, mode } = fstatSync(this.#fd);
    if (uid !== process.geteuid?.())
      throw new StrataError('not_ours', `the cache ${path} belongs to somebody else`);
    if ((mode & 0o7777) !== DIRECTORY_MODE) fchmodSync(this.#fd, DIRECTORY_MODE);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

/** Whatever it is, and if it can be done; a link, not what it leads to. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errno(error) !== 'EISDIR' && errno(error) !== 'EPERM') return;
    try {
      rmSync(path, { recursive: true, force: true });
    } catch {
      return;
    }
  }
}

/** A directory with something in it stays. */
export function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    return;
  }
}
