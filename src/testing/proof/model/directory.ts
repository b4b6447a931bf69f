/** A directory on disk that changes by chance, and what one finds in a directory. */

import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { noise } from '../../noise.ts';
import type { Chance } from '../chance.ts';
import type { Files } from './naive.ts';

export function readFiles(directory: string): Files {
  const files = new Map<string, Buffer | undefined>();
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name).slice(directory.length + 1);
    if (entry.isDirectory()) files.set(`${path}/`, undefined);
    else files.set(path, readFileSync(join(directory, path)));
  }
  return files;
}

/** @returns what differs, or undefined */
export function difference(found: Files, expected: Files): string | undefined {
  for (const path of new Set([...found.keys(), ...expected.keys()])) {
    if (!found.has(path)) return `${path} is missing`;
    if (!expected.has(path)) return `${path} should not be there`;
    const [a, b] = [found.get(path), expected.get(path)];
    if (a !== undefined && b !== undefined && !a.equals(b)) return `${path} has other bytes`;
  }
  return undefined;
}

export class ChangingDirectory {
  readonly path: string;
  readonly #chance: Chance;
  /** All that was ever written, to be written again. */
  readonly #written: Buffer[] = [];

  constructor(path: string, chance: Chance) {
    this.path = path;
    this.#chance = chance;
    mkdirSync(path, { recursive: true });
  }

  change(): void {
    const chance = this.#chance;
    for (let left = 1 + chance.below(4); left > 0; left--) {
      const directory = chance.pick(['', 'a', 'a/b', 'c']);
      const path = join(this.path, directory, `file ${chance.below(5)}`);
      if (chance.once(15))
        rmSync(join(this.path, chance.pick(['a', 'a/b', 'c'])), { recursive: true, force: true });
      // A new file each time: a clock has ticks, and two changes within one look alike.
      rmSync(path, { force: true });
      if (chance.once(4)) continue;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, this.#content());
    }
  }

  #content(): Buffer {
    const chance = this.#chance;
    if (this.#written.length > 0 && chance.once(3)) return chance.pick(this.#written);
    const length = chance.once(10) ? 100_000 + chance.below(200_000) : chance.below(3000);
    const content = Buffer.from(noise(`${chance.below(2 ** 31)}`, length));
    if (chance.once(8)) content.fill(0, 0, Math.min(length, 70_000));
    this.#written.push(content);
    return content;
  }
}
