/**
 * A short look at a directory before it is saved: whether there is much to read, and how things looked. What was looked at whole the walk
 * need not look at again; see `Lookout`.
 */

import { fstatSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { errno, isStrataError } from '../base/index.ts';
import { firstNamesIn, lstatAtText, namesIn } from './at.ts';
import { isSameListed } from './foreseen.ts';
import type { Listing, Lookout } from './foreseen.ts';
import { lookThrough } from './look-through.ts';
import { WORTH_THREADS } from './useful-threads.ts';

/** Files and directories that are looked at, at most. */
const STEPS = 2 * WORTH_THREADS.files;

/** Bytes of a directory itself, from which on it may have more names than that: then they are not all listed. */
const LONG = 32 * STEPS;

interface Sight {
  readonly directory: Stats;
  readonly names: readonly string[];
  readonly seen: readonly (Stats | undefined)[];
}

export class Glance implements Lookout {
  /** `much` is to be read, and worth threads; `many`: there are more files than were looked at; `little`: neither. */
  finding: 'much' | 'many' | 'little' = 'little';
  readonly #since: number;
  #steps = STEPS;
  #files = 0;
  #bytes = 0;
  /** By path. */
  readonly #sights = new Map<string, Sight>();

  private constructor(since: number) {
    this.#since = since;
  }

  /** @param since what has changed since then will be read; milliseconds since 1970 */
  static at(directory: string, since: number): Glance {
    const glance = new Glance(since);
    try {
      lookThrough(directory, (fd, path) => glance.#look(fd, path));
    } catch (error) {
      // Of what the system refuses, or was moved meanwhile, the save itself will tell.
      if (errno(error) === undefined && !isStrataError(error)) throw error;
    }
    return glance;
  }

  listing(path: string, stats: Stats): Listing | undefined {
    const sight = this.#sights.get(path);
    if (sight === undefined || !isSameListed(sight.directory, stats)) return undefined;
    return { names: sight.names, at: (index) => sight.seen[index] };
  }

  #look(fd: number, path: string): string[] | undefined {
    // As it was before it was listed.
    const directory = fstatSync(fd);
    const names = directory.size < LONG ? namesIn(fd) : firstNamesIn(fd, this.#steps + 1);
    const seen: (Stats | undefined)[] = [];
    for (const name of names) {
      if (this.#steps-- === 0) {
        this.finding = 'many';
        return undefined;
      }
      const stats = lstatAtText(fd, name);
      seen.push(stats);
      if (this.#isMuchWith(stats)) {
        this.finding = 'much';
        return undefined;
      }
    }
    this.#sights.set(path, { directory, names, seen });
    return names.filter((_, index) => seen[index]?.isDirectory());
  }

  #isMuchWith(stats: Stats | undefined): boolean {
    if (stats?.isFile() !== true || stats.ctimeMs < this.#since) return false;
    this.#files++;
    this.#bytes += stats.size;
    return this.#files >= WORTH_THREADS.files || this.#bytes >= WORTH_THREADS.bytes;
  }
}
