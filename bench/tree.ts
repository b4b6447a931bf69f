/** Directories, told and compared by Node's own calls: no part of Strata is its own judge. */

import { createHash } from 'node:crypto';
import { closeSync, lstatSync, lutimesSync, openSync, readSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface TreeFile {
  /** Below the tree's root. */
  readonly path: string;
  readonly size: number;
}

/** All regular files, in the order of their paths. */
export function filesIn(tree: string): TreeFile[] {
  return entriesIn(tree)
    .map((path) => ({ path, stats: lstatSync(join(tree, path)) }))
    .filter(({ stats }) => stats.isFile())
    .map(({ path, stats }) => ({ path, size: stats.size }));
}

export function bytesIn(tree: string): number {
  return filesIn(tree).reduce((sum, { size }) => sum + size, 0);
}

/** Everything below, without the root itself, in the order of the paths. */
function entriesIn(tree: string): string[] {
  return readdirSync(tree, { recursive: true }).map(String).sort();
}

/** Gives everything one time: archives that keep whole seconds lose nothing then, and every machine has the same tree. */
export function stamp(tree: string, time: Date): void {
  for (const path of [...entriesIn(tree), '.']) lutimesSync(join(tree, path), time, time);
}

/**
 * What two trees differ in below their roots: names, kinds, permission bits, link targets, content, and times.
 *
 * @param micros how far apart the times may be
 */
export function differencesOf(a: string, b: string, micros: bigint): string[] {
  const names = new Set([...entriesIn(a), ...entriesIn(b)]);
  return [...names].flatMap((name) => {
    const difference = differenceOf(join(a, name), join(b, name), micros);
    return difference === undefined ? [] : [`${name}: ${difference}`];
  });
}

function differenceOf(a: string, b: string, micros: bigint): string | undefined {
  const one = lstatSync(a, { bigint: true, throwIfNoEntry: false });
  const other = lstatSync(b, { bigint: true, throwIfNoEntry: false });
  if (one === undefined || other === undefined) return 'is on one side only';
  if (one.mode !== other.mode) return 'its kind or mode';
  const apart = one.mtimeNs - other.mtimeNs;
  if (apart > micros * 1000n || apart < -micros * 1000n)
    return `its time, by ${Math.round(Number(apart) / 1000)} µs`;
  if (one.isSymbolicLink()) return readlinkSync(a) === readlinkSync(b) ? undefined : 'where it points';
  if (!one.isFile()) return undefined;
  return one.size === other.size && digest(a) === digest(b) ? undefined : 'its content';
}

const piece = Buffer.allocUnsafe(1024 * 1024);

function digest(path: string): string {
  const hash = createHash('sha256');
  const fd = openSync(path, 'r');
  try {
    for (let length = readSync(fd, piece); length > 0; length = readSync(fd, piece))
      hash.update(piece.subarray(0, length));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
