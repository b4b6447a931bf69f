/**
 * What a save can do before there is a store to save to: look at its source, and start the threads that will read it. A store that is
 * made, or opened over a network, takes as long as they do.
 */

import { closeSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { errno } from '../base/index.ts';
import { excludeBy } from './exclude.ts';
import { OffLimits } from './off-limits.ts';
import { SaveThreads } from './save-threads.ts';
import { openSource } from './source.ts';
import { WORTH_THREADS, usefulThreads } from './useful-threads.ts';

export interface ScanAheadOptions {
  readonly exclude?: readonly string[] | undefined;
  readonly offLimits?: readonly string[] | undefined;
  /** Whether the directory is known from before, so that little of it will be read. */
  readonly isKnown?: boolean | undefined;
}

/** Ends the threads when it is disposed of. */
export class ScanAhead implements AsyncDisposable {
  readonly threads: SaveThreads | undefined;

  private constructor(threads: SaveThreads | undefined) {
    this.threads = threads;
  }

  /** @throws not_found, bad_input if there is no such directory; bad_input for a pattern that cannot be read */
  static async of(
    directory: string,
    { exclude = [], offLimits, isKnown = false }: ScanAheadOptions = {},
  ): Promise<ScanAhead> {
    await excludeBy(exclude);
    closeSync(openSource(directory, new OffLimits(offLimits)));
    const count = isKnown ? 0 : usefulThreads();
    return new ScanAhead(count > 0 && looksWorthThreads(directory) ? new SaveThreads(count) : undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads?.[Symbol.asyncDispose]();
  }
}

/** A guess, made by paths and at no great cost: whoever saves goes by open directories, and by what is excluded. */
function looksWorthThreads(directory: string): boolean {
  let files = 0;
  let bytes = 0;
  let steps = 2 * WORTH_THREADS.files;
  const waiting = [directory];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const name of namesIn(next)) {
      const path = join(next, name);
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats?.isDirectory() === true) waiting.push(path);
      if (stats?.isFile() === true) {
        files++;
        bytes += stats.size;
      }
      if (files >= WORTH_THREADS.files || bytes >= WORTH_THREADS.bytes) return true;
      if (--steps === 0) return false;
    }
  }
  return false;
}

/** None where there is nothing to be seen: the save itself will say so. */
function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return [];
  }
}
