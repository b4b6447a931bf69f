/**
 * What a save can do before there is a store to save to: look at its source, and start the threads that will read it. A store that is
 * made, or opened over a network, takes as long as they do.
 */

import { closeSync } from 'node:fs';

import { excludeBy } from './exclude.ts';
import { Glance } from './glance.ts';
import { LookAhead } from './look-ahead.ts';
import { OffLimits } from './off-limits.ts';
import { SaveThreads } from './save-threads.ts';
import { openSource } from './source.ts';
import { WORTH_LOOKING, threadsBeside } from './useful-threads.ts';

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
  /** What was seen of the directory, or is being seen. */
  readonly look: LookAhead | Glance | undefined;

  private constructor({ threads, look }: { threads?: SaveThreads; look?: LookAhead | Glance } = {}) {
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
    // With one processor nothing is faster for being done before.
    if (count === 0) return new ScanAhead();
    // What is excluded may be most of it.
    const known = remembered === undefined || exclude.length > 0 ? 0 : remembered.bytes;
    if (known >= LARGE) return new ScanAhead({ look: new LookAhead(directory) });
    let threads: SaveThreads | undefined;
    try {
      const look = Glance.at(directory, remembered?.at ?? 0, () => (threads = new SaveThreads(count)));
      if (threads !== undefined) return new ScanAhead({ threads, look });
      return new ScanAhead({ look: look.isPart && known >= WORTH_LOOKING ? new LookAhead(directory) : look });
    } catch (error) {
      await threads?.[Symbol.asyncDispose]();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads?.[Symbol.asyncDispose]();
    if (this.look instanceof LookAhead) await this.look[Symbol.asyncDispose]();
  }
}

/** Bytes remembered of a directory that has many files, most likely; fewer may be what long files are made of, such as one of 6 GB. */
const LARGE = 8 * WORTH_LOOKING;
