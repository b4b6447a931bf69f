/**
 * A thread that goes through a directory from its end while the walk comes from the start, so that the walk finds the last part done. What it
 * has seen is a hint: the walk opens every directory itself, believes a listing only of the very directory that it has open, unchanged, and
 * takes from it only what is as it is known from the last time. Where there is more to read than it seemed, the thread is there already: it reads.
 */

import type { Stats } from 'node:fs';

import { Threads } from '../base/index.ts';
import { ForeseenReader, endForeseeing, foreseenState } from './foreseen.ts';
import type { ForeseenShare, Listing, Lookout } from './foreseen.ts';
import type { SaveAnswer, SaveBegin, SaveOrder } from './save-order.ts';
import type { StartedThreads, ThreadsEvents, Standby } from './save-threads.ts';
import { threadModule } from './thread-module.ts';

export interface LookAheadOrder {
  readonly directory: string;
  readonly state: SharedArrayBuffer;
}

/** Directories that were seen, one after another: more than those that the thread is just inside of, which it sees first. */
const MET = 64;

export class LookAhead implements AsyncDisposable, Lookout, Standby {
  readonly #thread: Threads<SaveBegin | SaveOrder, ForeseenShare | SaveAnswer>;
  readonly #state = foreseenState();
  /** When the thread has begun. */
  #reader: ForeseenReader | undefined;
  #inARow = 0;
  #failed = false;
  #taker: ThreadsEvents | undefined;

  constructor(directory: string) {
    this.#thread = new Threads(threadModule('save-thread'), {
      count: 1,
      data: { directory, state: this.#state } satisfies LookAheadOrder,
      onAnswer: (answer, thread) => {
        if ('records' in answer) this.#reader = new ForeseenReader(answer);
        else this.#taker?.onAnswer(answer, thread);
      },
      onFailure: (error) => {
        // While it only looks, nothing is lost but time.
        this.#failed = true;
        this.#taker?.onFailure(error);
      },
    });
  }

  listing(stats: Stats): Listing | undefined {
    const found = this.#reader?.listing(stats);
    this.#inARow = found === undefined ? 0 : this.#inARow + 1;
    // There the two have met: what the thread still looks at lies behind the walk.
    if (this.#inARow === MET) endForeseeing(this.#state);
    return found;
  }

  handOver(taker: ThreadsEvents): StartedThreads | undefined {
    if (this.#failed || this.#taker !== undefined) return undefined;
    endForeseeing(this.#state);
    this.#taker = taker;
    return this.#thread;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    endForeseeing(this.#state);
    if (this.#taker === undefined) await this.#thread[Symbol.asyncDispose]();
  }
}
