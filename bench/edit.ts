/** What somebody does to a tree between two saves: the `edited` rows. One file in a hundred, and a few of everything else. */

import {
  appendFileSync,
  lutimesSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

import { noise } from './noise.ts';
import { filesIn } from './tree.ts';
import type { TreeFile } from './tree.ts';

/** One file in so many has a line added or a new time; half each. */
const EDITED = 100;
/** One in so many is removed, and as many are added. */
const REMOVED = 400;
const ADDED_BYTES = 4096;
/** Where the largest file gets 100 bytes more. */
const INSERTED_AT = 1000;

/** Paths below the tree's root; no path stands in two lists. */
export interface Edit {
  readonly appended: readonly string[];
  readonly touched: readonly string[];
  readonly removed: readonly string[];
  /** The largest file. */
  readonly inserted: string | undefined;
  /** How many new files. */
  readonly added: number;
}

/**
 * The same for the same files, and spread over all of them.
 *
 * @param kept paths that stay as they are start with one of these
 */
export function planEdit(files: readonly TreeFile[], kept: readonly string[]): Edit {
  const free = files.filter(({ path }) => !kept.some((start) => path.startsWith(start)));
  const largest = free.reduce<TreeFile | undefined>(
    (best, file) => (best === undefined || file.size > best.size ? file : best),
    undefined,
  );
  const rest = free.filter((file) => file !== largest).map(({ path }) => path);
  const edited = every(rest, EDITED, Math.floor(EDITED / 2));
  const taken = new Set(edited);
  const removed = every(
    rest.filter((path) => !taken.has(path)),
    REMOVED,
    Math.floor(REMOVED / 3),
  );
  return {
    appended: edited.filter((_, at) => at % 2 === 0),
    touched: edited.filter((_, at) => at % 2 === 1),
    removed,
    inserted: largest?.path,
    added: removed.length,
  };
}

/** One of `step`, beginning with the one at `first`; of a short list, its last. */
function every<Item>(items: readonly Item[], step: number, first: number): Item[] {
  return items.filter((_, at) => at % step === Math.min(first, items.length - 1));
}

/**
 * @param renamed a directory of the tree; it is renamed last, with all that happened in it
 * @param now the time of what is touched
 */
export function edit(tree: string, kept: readonly string[], renamed: string | undefined, now: Date): Edit {
  const plan = planEdit(filesIn(tree), kept);
  for (const [at, path] of plan.appended.entries())
    appendFileSync(join(tree, path), `\n// line ${at}, which was not there before\n`);
  for (const path of plan.touched) lutimesSync(join(tree, path), now, now);
  for (const path of plan.removed) rmSync(join(tree, path));
  if (plan.inserted !== undefined) insert(join(tree, plan.inserted));
  if (plan.added > 0) mkdirSync(join(tree, 'added'));
  for (let at = 0; at < plan.added; at++)
    writeFileSync(join(tree, 'added', `${at}.bin`), noise(`added ${at}`, ADDED_BYTES));
  if (renamed !== undefined) renameSync(join(tree, renamed), join(tree, `${renamed}-renamed`));
  return plan;
}

/** The edited file is no longer than this: a source, and not the output of some program. Bytes. */
const SOURCE_BYTES = 65_536;

/** One more line in one file. @returns its path below the tree's root */
export function editLine(tree: string, kept: readonly string[]): string {
  const sources = filesIn(tree).filter(
    ({ path, size }) => size > 0 && size <= SOURCE_BYTES && !kept.some((start) => path.startsWith(start)),
  );
  const { path } = sources[sources.length >> 1]!;
  appendFileSync(join(tree, path), '// one line, which was not there before\n');
  return path;
}

/** In place, as an editor that keeps the inode. */
function insert(path: string): void {
  const before = readFileSync(path);
  const at = Math.min(INSERTED_AT, before.length);
  writeFileSync(path, Buffer.concat([before.subarray(0, at), noise('inserted', 100), before.subarray(at)]));
}
