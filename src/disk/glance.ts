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
  /** Whether there are more files and directories than were looked at. */
  isPart = false;
  readonly #since: number;
  readonly #onMuch: () => void;
  #steps = STEPS;
  #toRead = { files: 0, bytes: 0 };
  /** By path. */
  readonly #sights = new Map<string, Sight>();

  private constructor(since: number, onMuch: () => void) {
    this.#since = since;
    this.#onMuch = onMuch;
  }

  /**
   * @param since what has changed since then will be read; milliseconds since 1970
   * @param onMuch is called as soon as that is worth threads, once
   */
  static at(directory: string, since: number, onMuch: () => void = () => {}): Glance {
    const glance = new Glance(since, onMuch);
    try {
      lookThrough(directory, (fd, path) => glance.#look(fd, path));
    } catch (error) {
      // Of what the system refuses, or was moved meanwhile, the save itself will tell.
      if (errno(error) === undefined && !isStrataError(error, 'file_changed')) throw error;
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
        this.isPart = true;
        return undefined;
      }
      const stats = lstatAtText(fd, name);
      seen.push(stats);
      this.#count(stats);
    }
    this.#sights.set(path, { directory, names, seen });
    return names.filter((_, index) => seen[index]?.isDirectory());
  }

  #count(stats: Stats | undefined): void {
    if (stats?.isFile() !== true || stats.ctimeMs < this.#since) return;
    const before = this.#toRead;
    this.#toRead = { files: before.files + 1, bytes: before.bytes + stats.size };
    if (!areMuch(before) && areMuch(this.#toRead)) this.#onMuch();
  }
}

function areMuch({ files, bytes }: { readonly files: number; readonly bytes: number }): boolean {
  return files >= WORTH_THREADS.files || bytes >= WORTH_THREADS.bytes;
}
