/**
 * A directory below one that we own, for whoever does not trust what is in between: it is reached name by name, and no link on the way is
 * followed. Held open it stays the same directory, wherever its path leads by then.
 */

import { closeSync, constants, mkdirSync, openSync } from 'node:fs';

import { StrataError, errno, systemError } from '../base/index.ts';
import { displayPath } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';
import { at, openDirectoryAt } from './at.ts';

/** Of directories that are made on the way. */
const MODE = 0o755;

export class Below implements Disposable {
  readonly #directory: number;
  readonly #above: number;
  readonly #name: Uint8Array | undefined;
  readonly #own: string;

  private constructor(own: string, directory: number, above: number, name: Uint8Array | undefined) {
    this.#own = own;
    this.#directory = directory;
    this.#above = above;
    this.#name = name;
  }

  /**
   * @param own is ours, and so is the way there; no link itself
   * @param make what is missing
   * @throws path_not_found, also if `own` is gone; bad_input where something else than a directory is in the way
   */
  static open(own: string, path: Path, { make = false }: { readonly make?: boolean } = {}): Below {
    const open = [openOwn(own)];
    try {
      for (const [depth, name] of path.entries()) {
        open.push(step(open.at(-1)!, name, make, () => displayPath(path.slice(0, depth + 1))));
        if (open.length > 2) closeSync(open.shift()!);
      }
    } catch (error) {
      open.forEach((fd) => closeSync(fd));
      throw error;
    }
    const directory = open.pop()!;
    return new Below(own, directory, open.pop() ?? directory, path.at(-1));
  }

  /** Leads to the directory itself: to read it. */
  get path(): string {
    return `/proc/self/fd/${this.#directory}`;
  }

  /** Leads to its place in the directory above: for who may put another one there. Its name is one that text can carry. */
  get place(): string {
    // Not by its own name: others hold on to it, as a mount does.
    return this.#name === undefined ? `${this.#own}/.` : at(this.#above, this.#name).toString();
  }

  [Symbol.dispose](): void {
    closeSync(this.#directory);
    if (this.#above !== this.#directory) closeSync(this.#above);
  }
}

/** Whoever may write there could have put a link in its place. */
function openOwn(own: string): number {
  try {
    return openSync(own, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const code = errno(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP')
      throw new StrataError('path_not_found', `the directory ${own} is gone`, {
        hint: 'Whoever works there has taken it away, or put something else in its place.',
        details: { path: own },
      });
    throw systemError(error, `open ${own}`);
  }
}

function step(directory: number, name: Uint8Array, make: boolean, shown: () => string): number {
  try {
    if (make) makeDirectory(directory, name);
    return openDirectoryAt(directory, name);
  } catch (error) {
    const code = errno(error);
    if (code === 'ENOENT')
      throw new StrataError('path_not_found', `there is no directory ${shown()}`, {
        hint: 'It is relative to the working directory.',
        details: { path: shown() },
      });
    if (code === 'ENOTDIR' || code === 'ELOOP')
      throw new StrataError('bad_input', `${shown()} is no directory, or leads through a link`, {
        hint: 'Links are not followed here: name the directory itself.',
        details: { path: shown() },
      });
    throw systemError(error, `open ${shown()}`);
  }
}

function makeDirectory(directory: number, name: Uint8Array): void {
  try {
    mkdirSync(at(directory, name), MODE);
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
  }
}
