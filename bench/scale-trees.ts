/** Trees at the edge of what is reasonable, made up on the spot. */

import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { noiseStream } from './noise.ts';

export const SCALE_TREES = ['one directory', 'spread', 'large file', 'sparse file'] as const;

export type ScaleTree = (typeof SCALE_TREES)[number];

/** Files are from empty to this long. Bytes. */
const SMALL = 1024;
/** How many directories `spread` has, unless it has fewer files. */
const DIRECTORIES = 10_000;
/** Bytes. */
export const LARGE = 5 * 1024 ** 3;
const SPARSE = 1024 ** 4;
const PIECE = 16 * 1024 * 1024;

export function describeTree(tree: ScaleTree, files: number): string {
  const count = files.toLocaleString('en');
  return {
    'one directory': `${count} files of 0–1 KB in one directory`,
    spread: `${count} files of 0–1 KB in ${Math.min(DIRECTORIES, files).toLocaleString('en')} directories`,
    'large file': 'one file of 5 GiB',
    'sparse file': 'one file of 1 TiB, all hole but 3 × 16 MiB',
  }[tree];
}

/** @param place is made @param files how many, for the trees of many files */
export async function makeTree(
  tree: ScaleTree,
  place: string,
  files: number,
  signal: AbortSignal,
): Promise<void> {
  mkdirSync(place);
  const next = noiseStream(tree);
  if (tree === 'large file') return makeLarge(join(place, 'large.bin'), next, signal);
  if (tree === 'sparse file') return makeSparse(join(place, 'sparse.img'), next);
  const directories = tree === 'spread' ? Math.min(DIRECTORIES, files) : 0;
  for (let at = 0; at < directories; at++) mkdirSync(join(place, `d${at}`));
  for (let at = 0; at < files; at++) {
    const directory = directories === 0 ? place : join(place, `d${at % directories}`);
    writeFileSync(join(directory, `file-${at}`), next((at * 7919) % (SMALL + 1)));
    if (at % 1000 === 0) await letIn(signal);
  }
}

async function makeLarge(path: string, next: (length: number) => Buffer, signal: AbortSignal): Promise<void> {
  for (let at = 0; at < LARGE; at += PIECE) {
    writeFileSync(path, next(PIECE), { flag: 'a' });
    await letIn(signal);
  }
}

/** Data at the start, in the middle and at the end. */
function makeSparse(path: string, next: (length: number) => Buffer): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, SPARSE);
  for (const at of [0, SPARSE / 2, SPARSE - PIECE]) writeSync(fd, next(PIECE), 0, PIECE, at);
  closeSync(fd);
}

/** Ctrl-C is heard only between two turns. */
async function letIn(signal: AbortSignal): Promise<void> {
  await new Promise(setImmediate);
  signal.throwIfAborted();
}
