/** What lies in the directory of a local store: objects, leftovers of puts, and things that do not belong there. */

import { lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import { basename, join } from 'node:path';

import { HOLDER_PATTERN, errno, fateOf, thisProcess, toHex } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { MAX_SEGMENTS, isSegment } from './name.ts';

/** Where puts write before they publish. The dot keeps it apart from all names of objects. */
export const TEMPORARY = '.tmp';

const HOLDER = new RegExp(`^(${HOLDER_PATTERN})\\.`);

export interface Found {
  readonly kind: 'object' | 'foreign';
  readonly name: string;
}

/**
 * In ascending order of the names of objects. A directory that cannot hold objects is one foreign thing, its name with a
 * `/` after it.
 *
 * @param prefix empty, or a directory with a `/` after it; nothing is found in one that does not exist
 */
export function* walk(root: string, prefix: string): Iterable<Found> {
  if (lstatSync(join(root, prefix), { throwIfNoEntry: false }) === undefined) return;
  const depth = prefix === '' ? 0 : prefix.split('/').length - 1;
  yield* walkDirectory(root, prefix, depth);
}

function* walkDirectory(root: string, prefix: string, depth: number): Iterable<Found> {
  const entries = readdirSync(join(root, prefix), { withFileTypes: true });
  // Byte order of whole names, because `/` sorts before all of [a-z0-9].
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const name = `${prefix}${entry.name}`;
    if (name === TEMPORARY) continue;
    const isOurs = isSegment(entry.name);
    if (entry.isDirectory() && isOurs && depth + 1 < MAX_SEGMENTS)
      yield* walkDirectory(root, `${name}/`, depth + 1);
    else if (entry.isDirectory()) yield { kind: 'foreign', name: `${name}/` };
    else yield { kind: isOurs && entry.isFile() ? 'object' : 'foreign', name };
  }
}

/** Says which process it is of, so that what a dead one left can be told at once. */
export function temporaryName(random: Random): string {
  return `${thisProcess()}.${toHex(random(8))}`;
}

/** @param before milliseconds since 1970: what was last written earlier is removed, and all that dead processes have left */
export function sweepTemporary(root: string, before: number): number {
  let removed = 0;
  for (const leftover of leftovers(root)) {
    const stats = lstatSync(leftover, { throwIfNoEntry: false });
    if (stats === undefined || (stats.mtimeMs >= before && !isOfTheDead(leftover))) continue;
    if (removeOne(leftover, stats.isDirectory())) removed++;
  }
  return removed;
}

function isOfTheDead(leftover: string): boolean {
  const holder = HOLDER.exec(basename(leftover))?.[1];
  return holder !== undefined && fateOf(holder) === 'dead';
}

/** @returns false if another sweep, or the put itself, was faster */
function removeOne(path: string, isDirectory: boolean): boolean {
  try {
    if (isDirectory) rmdirSync(path);
    else unlinkSync(path);
    return true;
  } catch (error) {
    if (errno(error) === 'ENOENT') return false;
    throw error;
  }
}

function leftovers(root: string): string[] {
  const directory = join(root, TEMPORARY);
  try {
    return readdirSync(directory).map((name) => join(directory, name));
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw error;
  }
}
