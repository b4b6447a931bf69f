/** A file that appears whole or not at all, though several write it at once. */

import { lstatSync, mkdirSync, readdirSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Of the names of files that are being written. */
const FRESH = '.new';

/** Whoever has written for so long was killed. Milliseconds. */
const DEAD = 60 * 60 * 1000;

/** What cannot be written is not. @param base is made for this user alone, if it is not there */
export function writeWhole(base: string, path: string, parts: readonly Buffer[]): void {
  const fresh = `${path}.${process.pid}-${Math.random().toString(36).slice(2)}${FRESH}`;
  const directory = dirname(path);
  try {
    mkdirSync(base, { recursive: true, mode: 0o700 });
    mkdirSync(directory, { recursive: true });
    removeDead(directory);
    // V8 believes what it is given: half a file, after a power cut, would end each process that reads it.
    writeFileSync(fresh, Buffer.concat(parts), { flag: 'wx', mode: 0o600, flush: true });
    renameSync(fresh, path);
  } catch {
    attempt(() => unlinkSync(fresh));
  }
}

function removeDead(directory: string): void {
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (name.endsWith(FRESH)) attempt(() => lstatSync(path).mtimeMs < Date.now() - DEAD && unlinkSync(path));
  }
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // A file system that is full, or of somebody else, or another one was faster.
  }
}
