/**
 * A thread that goes through a directory from its end while the walk comes from the start, so that the walk finds the last part done. What it
 * has seen is a hint: the walk opens every directory itself, believes a listing only of the very directory that it has open, in its place and
 * unchanged, and takes from it only what is as it is known from the last time.
 */

import type { Stats } from 'node:fs';

import { Threads } from '../base/index.ts';
import { ForeseenReader, endForeseeing, foreseenState } from './foreseen.ts';
import type { ForeseenShare, Listing, Lookout } from './foreseen.ts';
import { threadModule } from './thread-module.ts';

export interface LookAheadOrder {
  readonly directory: string;
  readonly state: SharedArrayBuffer;
}

/** Directories that were seen, one after another: more than those that the thread is just inside of, which it sees first. */
const MET = 64;

export class LookAhead implements AsyncDisposable, Lookout {
  readonly #thread: Threads<LookAheadOrder, ForeseenShare>;
  readonly #state = foreseenState();
  /** When the thread has begun. */
  #reader: ForeseenReader | undefined;
  #inARow = 0;

  constructor(directory: string) {
    this.#thread = new Threads(threadModule('look-ahead-thread'), {
      count: 1,
      data: { directory, state: this.#state } satisfies LookAheadOrder,
      onAnswer: (share) => void (this.#reader = new ForeseenReader(share)),
      // Nothing is lost but time: the walk sees for itself what is wrong.
      onFailure: () => undefined,
    });
  }

  listing(path: string, stats: Stats): Listing | undefined {
    const found = this.#reader?.listing(path, stats);
    this.#inARow = found === undefined ? 0 : this.#inARow + 1;
    // There the two have met: what the thread still looks at lies behind the walk.
    if (this.#inARow === MET) endForeseeing(this.#state);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    endForeseeing(this.#state);
    await this.#thread[Symbol.asyncDispose]();
  }
}
