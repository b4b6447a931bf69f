/**
 * A thread that goes through a directory from its end while the walk comes from the start, so that the walk finds the last part done. What it
 * has seen is a hint: the walk opens every directory itself, believes a listing only of the very directory that it has open, unchanged, and
 * takes from it only what is as it is known from the last time.
 */

import type { Stats } from 'node:fs';

import { Threads } from '../base/index.ts';
import { ForeseenReader, foreseenShare } from './foreseen.ts';
import type { ForeseenShare, Listing, Lookout } from './foreseen.ts';
import { threadModule } from './thread-module.ts';

export interface LookAheadOrder {
  readonly directory: string;
  readonly share: ForeseenShare;
}

export class LookAhead implements AsyncDisposable, Lookout {
  readonly #thread: Threads<LookAheadOrder, never>;
  readonly #reader: ForeseenReader;
  #hasMissed = false;

  constructor(directory: string) {
    const share = foreseenShare();
    this.#reader = new ForeseenReader(share);
    this.#thread = new Threads(threadModule('look-ahead-thread'), {
      count: 1,
      data: { directory, share },
      onAnswer: () => undefined,
      // Nothing is lost but time: the walk sees for itself what is wrong.
      onFailure: () => undefined,
    });
  }

  listing(stats: Stats): Listing | undefined {
    const found = this.#reader.listing(stats);
    // The first that was found behind one that was not: there the two have met, and what lies before is done.
    if (found !== undefined && this.#hasMissed) this.#reader.end();
    this.#hasMissed ||= found === undefined;
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#reader.end();
    await this.#thread[Symbol.asyncDispose]();
  }
}
