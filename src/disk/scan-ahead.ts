/**
 * What a save can do before there is a store to save to: look at its source, and start the threads that will read it. A store that is
 * made, or opened over a network, takes as long as they do.
 */

import { closeSync, lstatSync, opendirSync } from 'node:fs';
import type { Stats } from 'node:fs';

import { errno } from '../base/index.ts';
import { excludeBy } from './exclude.ts';
import { LookAhead } from './look-ahead.ts';
import { OffLimits } from './off-limits.ts';
import { SaveThreads } from './save-threads.ts';
import { openSource } from './source.ts';
import { WORTH_LOOKING, WORTH_THREADS, threadsBeside } from './useful-threads.ts';

export interface ScanAheadOptions {
  readonly exclude?: readonly string[] | undefined;
  /** Undefined: nothing is. */
  readonly remembered?: Remembered | undefined;
}

/** What is remembered of the directory: little of it will be read then. */
export interface Remembered {
  readonly bytes: number;
  /** When it was written down, about. Milliseconds since 1970. */
  readonly at: number;
}

/** Ends the threads when it is disposed of. */
export class ScanAhead implements AsyncDisposable {
  readonly threads: SaveThreads | undefined;
  readonly look: LookAhead | undefined;

  private constructor(threads?: SaveThreads, look?: LookAhead) {
    this.threads = threads;
    this.look = look;
  }

  /** @throws not_found, bad_input if there is no such directory; bad_input for a pattern that cannot be read */
  static async of(
    directory: string,
    { exclude = [], remembered }: ScanAheadOptions = {},
  ): Promise<ScanAhead> {
    await excludeBy(exclude);
    closeSync(openSource(directory, new OffLimits()));
    const count = threadsBeside();
    if (count === 0) return new ScanAhead();
    // What is excluded may be most of it.
    const known = remembered === undefined || exclude.length > 0 ? 0 : remembered.bytes;
    const glance = known >= LARGE ? 'many' : glanceAt(directory, remembered?.at ?? 0);
    if (glance === 'much') return new ScanAhead(new SaveThreads(count));
    return new ScanAhead(
      undefined,
      glance === 'many' && known >= WORTH_LOOKING ? new LookAhead(directory) : undefined,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads?.[Symbol.asyncDispose]();
    await this.look?.[Symbol.asyncDispose]();
  }
}

/** Bytes remembered of a directory that has many files, most likely; fewer may be what long files are made of, such as one of 6 GB. */
const LARGE = 8 * WORTH_LOOKING;

/**
 * A guess, made by paths and at no great cost: whoever saves goes by open directories, and by what is excluded.
 *
 * @param since what has changed since then will be read; milliseconds since 1970
 * @returns `much`: to read, and worth threads; `many`: files, of which only some were looked at; `little`: neither
 */
function glanceAt(directory: string, since: number): 'much' | 'many' | 'little' {
  let files = 0;
  let bytes = 0;
  let steps = 2 * WORTH_THREADS.files;
  const waiting = [directory];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const { path, stats } of entriesOf(next)) {
      if (stats.isDirectory()) waiting.push(path);
      if (stats.isFile() && stats.ctimeMs >= since) {
        files++;
        bytes += stats.size;
      }
      if (files >= WORTH_THREADS.files || bytes >= WORTH_THREADS.bytes) return 'much';
      if (--steps === 0) return 'many';
    }
  }
  return 'little';
}

/** As far as they can be seen: of the rest the save itself will tell. No more of a huge directory is read than is asked for. */
function* entriesOf(directory: string): Generator<{ readonly path: string; readonly stats: Stats }> {
  const opened = attempt(() => opendirSync(directory));
  if (opened === undefined) return;
  try {
    for (let entry = attempt(() => opened.readSync()); entry; entry = attempt(() => opened.readSync())) {
      const path = `${directory}/${entry.name}`;
      const stats = attempt(() => lstatSync(path));
      if (stats !== undefined) yield { path, stats };
    }
  } finally {
    opened.closeSync();
  }
}

/** @returns undefined for what the system refuses */
function attempt<Value>(call: () => Value): Value | undefined {
  try {
    return call();
  } catch (error) {
    if (errno(error) === undefined) throw error;
    return undefined;
  }
}
