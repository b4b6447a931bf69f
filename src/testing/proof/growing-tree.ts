/** Directories for cases: small, of every kind of entry, and different after each step. */

import {
  appendFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

import { prose } from '../noise.ts';
import type { Chance } from './chance.ts';

/** Bytes of most files, at most, and of a few. */
const SMALL = 6_000;
const LARGE = 300_000;

/**
 * @param directory does not exist yet
 * @param files how many small ones are in it
 */
export function plantTree(directory: string, chance: Chance, files: number): void {
  mkdirSync(directory);
  for (let file = 0; file < files; file++) addFile(directory, chance, SMALL);
  for (let file = 0; file < files; file += 12) addFile(directory, chance, LARGE);
  symlinkSync('nowhere/at/all', join(directory, 'dangling'));
  mkdirSync(join(directory, 'empty'));
}

/** @param bytes of noise that come to it besides: what has to be stored */
export function changeTree(directory: string, chance: Chance, bytes = 0): void {
  const files = filesIn(directory);
  for (let step = 1 + chance.below(4); step > 0 && files.length > 1; step--) {
    const path = files.splice(chance.below(files.length), 1)[0]!;
    const change = chance.below(5);
    if (change === 0) rmSync(path);
    else if (change === 1) appendFileSync(path, chance.bytes(1 + chance.below(SMALL)));
    else if (change === 2) renameSync(path, `${path}-moved`);
    else if (change === 3) chmodSync(path, chance.pick([0o600, 0o644, 0o755]));
    else writeFileSync(path, content(chance, SMALL));
  }
  addFile(directory, chance, chance.once(4) ? LARGE : SMALL);
  const names = Math.ceil(bytes / 4_000_000);
  for (let part = 0; part < names; part++)
    writeFileSync(join(directory, `bulk-${part}`), chance.bytes(Math.floor(bytes / names)));
}

export function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => lstatSync(path).isFile())
    .sort();
}

function addFile(directory: string, chance: Chance, most: number): void {
  const name = Buffer.from(chance.bytes(4)).toString('hex');
  const path = join(directory, chance.pick(['', 'a', 'a/b', 'a/b/c', 'd']), `${name}.txt`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content(chance, most));
}

function content(chance: Chance, most: number): Uint8Array {
  const length = chance.below(most);
  return chance.once(2) ? chance.bytes(length) : prose(String(chance.fraction()), length);
}
