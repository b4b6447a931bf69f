/**
 * Directories that are never saved and never restored into: those in which the caller keeps its own records. A save that read what it
 * writes itself would grow with every run, and a restore could put old bytes under a database in use.
 */

import { fstatSync, realpathSync, statSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { systemError } from '../base/index.ts';

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** They are known by what they are, not by their paths: a link or a bind mount leads to the same directory. */
export class OffLimits {
  readonly #directories: readonly Identity[];
  /** Those that they stand in, up to the root. */
  readonly #above: readonly Identity[];

  /** @param paths those that do not exist are passed over */
  constructor(paths: readonly string[] = []) {
    this.#directories = paths.flatMap((path) => look(path) ?? []);
    this.#above = paths.flatMap((path) => (look(path) === undefined ? [] : aboveOf(realpathSync(path))));
  }

  /** Whether an open directory is one of them. @param looked what is known of it already; it spares asking for nearly all */
  has(fd: number, looked?: Pick<Stats, 'ino'>): boolean {
    if (looked !== undefined && !this.#directories.some(({ ino }) => Number(ino) === looked.ino))
      return false;
    return this.#directories.length > 0 && this.#includes(fstatSync(fd, { bigint: true }));
  }

  /** Whether one of them stands somewhere in an open directory. @param looked what is known of it already */
  isIn(fd: number, { ino }: Pick<Stats, 'ino'>): boolean {
    if (!this.#above.some((each) => Number(each.ino) === ino)) return false;
    const { dev, ino: exact } = fstatSync(fd, { bigint: true });
    return this.#above.some((one) => one.ino === exact && one.dev === dev);
  }

  /** Whether a path, which need not exist, is one of them or below one. */
  covers(path: string): boolean {
    if (this.#directories.length === 0) return false;
    // As it leads now, and as it will lead when directories that are missing in it have been made.
    return [path, resolve(path)].some((each) => this.#isBelow(existing(each)));
  }

  /** @param path without links */
  #isBelow(path: string): boolean {
    const found = look(path);
    if (found !== undefined && this.#includes(found)) return true;
    return path !== dirname(path) && this.#isBelow(dirname(path));
  }

  #includes({ dev, ino }: Identity): boolean {
    return this.#directories.some((one) => one.ino === ino && one.dev === dev);
  }
}

/** @throws what the system refuses, with the path */
function look(path: string): Identity | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    throw systemError(error, `look at ${path}`);
  }
}

/** @param path without links */
function aboveOf(path: string): Identity[] {
  const above = dirname(path);
  return above === path ? [] : [look(above), ...aboveOf(above)].flatMap((each) => each ?? []);
}

/** Of a path and those above it, the nearest that is there; without links. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (path === dirname(path)) throw error;
    return existing(dirname(path));
  }
}
