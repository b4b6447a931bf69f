/** The directories of a local store: each is durable before an object is named in it. */

import { lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { StrataError, errno, makeDirectories, syncDirectory } from '../base/index.ts';

const DIRECTORY_MODE = 0o700;

export interface DurableDirectories {
  /** Makes the directory and those above it, up to the root and beyond; they are durable when it returns. */
  make(relative: string): void;
  /** Makes the names in the directory durable. */
  sync(relative: string): void;
}

/** @param root absolute; the directories named in calls are relative to it, and the root itself is the empty name */
export function durableDirectories(root: string): DurableDirectories {
  // Whoever made a directory may have died before its name was durable. So a process syncs the way to each directory
  // once, whether it made it or not. Nobody removes directories of a store, so once is enough.
  const durable = new Set<string>();
  // One sync is for all names that are there by then. It takes a look to know them, which pays from the second name on.
  const asked = new Set<string>();

  function make(relative: string): void {
    if (durable.has(relative)) return;
    if (relative === '') {
      makeDirectories(root);
    } else {
      const parent = relative.split('/').slice(0, -1).join('/');
      make(parent);
      makeOne(join(root, relative));
      const there = asked.has(parent) ? directoriesIn(join(root, parent)) : [];
      syncDirectory(join(root, parent));
      for (const name of there) durable.add(parent === '' ? name : `${parent}/${name}`);
      asked.add(parent);
    }
    durable.add(relative);
  }

  return { make, sync: (relative) => syncDirectory(join(root, relative)) };
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
