/**
 * The directories of a local store: each is durable before an object is named in it.
 *
 * Syncs run beside us: each waits for the disk, and a large save has two for every pack.
 */

import { closeSync, fsync, lstatSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { StrataError, errno, makeDirectories } from '../base/index.ts';

const DIRECTORY_MODE = 0o700;

/** Waits for the disk beside us. */
export const synced = promisify(fsync);

export interface DurableDirectories {
  /** Makes the directory and those above it, up to the root and beyond; they are durable when it returns. */
  make(relative: string): Promise<void>;
  /** Makes the names in the directory durable. */
  sync(relative: string): Promise<void>;
}

/** @param root absolute; the directories named in calls are relative to it, and the root itself is the empty name */
export function durableDirectories(root: string): DurableDirectories {
  // Whoever made a directory may have died before its name was durable. So a process syncs the way to each directory
  // once, whether it made it or not. Nobody removes directories of a store, so once is enough.
  const durable = new Set<string>();
  // One sync is for all names that are there by then. It takes a look to know them, which pays from the second name on.
  const asked = new Set<string>();
  const syncs = new Syncs();

  async function make(relative: string): Promise<void> {
    if (durable.has(relative)) return;
    if (relative === '') {
      makeDirectories(root);
    } else {
      const parent = relative.split('/').slice(0, -1).join('/');
      await make(parent);
      makeOne(join(root, relative));
      const there = asked.has(parent) ? directoriesIn(join(root, parent)) : [];
      asked.add(parent);
      await syncs.of(join(root, parent));
      for (const name of there) durable.add(parent === '' ? name : `${parent}/${name}`);
    }
    durable.add(relative);
  }

  return { make, sync: (relative) => syncs.of(join(root, relative)) };
}

/** Of directories, by path. Who asks while one is under way is served by the next, together with all who do: it may have come too late for that one. */
class Syncs {
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();

  of(path: string): Promise<void> {
    const known = this.#next.get(path);
    if (known !== undefined) return known;
    const running = this.#running.get(path);
    if (running === undefined) return this.#begin(path);
    const begin = () => {
      this.#next.delete(path);
      return this.#begin(path);
    };
    const next = running.then(begin, begin);
    this.#next.set(path, next);
    return next;
  }

  #begin(path: string): Promise<void> {
    const running = syncAside(path).finally(() => this.#running.delete(path));
    this.#running.set(path, running);
    return running;
  }
}

async function syncAside(path: string): Promise<void> {
  const directory = openSync(path, 'r');
  try {
    await synced(directory);
  } finally {
    closeSync(directory);
  }
}

function directoriesIn(path: string): string[] {
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
}

function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errno(error) !== 'EEXIST') throw error;
    if (lstatSync(path).isDirectory()) return;
    throw new StrataError('integrity', `${path} is in the way: a directory of the store belongs there`, {
      hint: 'Find out what put it there, and move it elsewhere.',
    });
  }
}
