/** Parts of the proof that are in C, compiled when they are first wanted, once in each process of ours. */

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { makePlace, removePlace } from './place.ts';

const compiled = new Map<string, string>();
let place: string | undefined;

/** @param name of `NAME.c` beside this file @returns the path of what it was compiled to */
export function compile(name: 'fault' | 'swap'): string {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  if (place === undefined) {
    const made = (place = makePlace());
    process.on('exit', () => removePlace(made));
  }
  const output = join(place, name);
  const shared = name === 'fault' ? ['-shared', '-fPIC'] : [];
  const words = ['-O2', ...shared, '-o', output, join(import.meta.dirname, `${name}.c`), '-ldl'];
  const { status, stderr } = spawnSync('cc', words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name}.c cannot be compiled: ${stderr}`);
  compiled.set(name, output);
  return output;
}
