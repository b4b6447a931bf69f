/** Directories that are still there after a power cut. */

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

import { errno } from './error.ts';

const PRIVATE_MODE = 0o700;

/** Makes a directory and those above it, only for ourselves, and makes their names durable. */
export function makeDirectories(path: string): void {
  const first = makeMissing(path);
  // Also when it was there: whoever made it may have died before its name was durable.
  const last = dirname(first ?? path);
  for (let above = dirname(path); ; above = dirname(above)) {
    syncReadable(above);
    if (above === last || above === dirname(above)) return;
  }
}

/** @returns the first directory that was made */
function makeMissing(path: string): string | undefined {
  if (existsSync(path)) return mkdirSync(path, { recursive: true });
  // Trap: where nothing can be made (/proc) Node would try for ever, and for a place that cannot be written to it tells that what it was to make is
  // missing. The topmost gets the true answer.
  const first = topmostMissing(path);
  try {
    mkdirSync(first, { mode: PRIVATE_MODE });
  } catch (error) {
    // Somebody else was quicker.
    if (errno(error) !== 'EEXIST' || !existsSync(first)) throw error;
  }
  mkdirSync(path, { recursive: true, mode: PRIVATE_MODE });
  return first;
}

function topmostMissing(path: string): string {
  const above = dirname(path);
  return above === path || existsSync(above) ? path : topmostMissing(above);
}

/** Makes the names in a directory durable. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** A directory that we may not read was not made by us. */
function syncReadable(path: string): void {
  try {
    syncDirectory(path);
  } catch (error) {
    if (errno(error) !== 'EACCES') throw error;
  }
}
