/** Runs written by threads: what they need is fetched here and handed over, a bounded part of it at a time. */

import { Threads, cancelled, throwIfAborted } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import type { BlockSource, SealedBlocks } from '../vault/index.ts';
import type { FillerOptions } from './fill.ts';
import type { Pace } from './pace.ts';
import type { ThreadAnswer, ThreadBegin, ThreadOrder } from './restore-thread.ts';
import { RunShares } from './run-shares.ts';
import type { Run } from './runs.ts';
import { pathOfPiece } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { threadModule } from './thread-module.ts';

/** Runs that a thread has or waits for: one to work at, one that is there when it is done. */
const AT_ONCE = 2;

/** What threads write, and where. */
export interface ThreadedWork {
  readonly blocks: BlockSource;
  readonly schedule: Schedule;
  readonly root: number;
  readonly filling: FillerOptions;
  readonly pace: Pace;
}

type Waiting = PromiseWithResolvers<ThreadAnswer>;

export class ThreadedRuns implements AsyncDisposable {
  readonly #threads: Threads<ThreadBegin | ThreadOrder, ThreadAnswer>;
  #given: ThreadedWork | undefined;
  /** Of each thread, in the order of its work. */
  readonly #waiting: Waiting[][];
  readonly #failed = Promise.withResolvers<never>();
  #window = 0;
  #stopped = false;

  /** Starts them; they can do nothing before `begin`. @param module what they run; a test may give another */
  constructor(count: number, module = threadModule('restore-thread')) {
    this.#waiting = Array.from({ length: count }, () => []);
    // Whoever waits for nothing at the moment is told by the next wait.
    this.#failed.promise.catch(() => {});
    this.#threads = new Threads(module, {
      count,
      data: undefined,
      onAnswer: (answer, thread) => this.#waiting[thread]!.shift()?.resolve(answer),
      onFailure: (error) => this.#failed.reject(error),
    });
  }

  /** Once, before the first window of one directory. */
  begin(work: ThreadedWork): void {
    const { schedule, blocks, root, filling } = work;
    this.#given = work;
    for (let thread = 0; thread < this.#threads.count; thread++)
      this.#threads.post(thread, { schedule, share: blocks.share, root, filling });
  }

  /** All of one window. @throws what a thread throws; internal if one dies; integrity, unavailable from the store; cancelled */
  async write(runs: readonly Run[], signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    this.#window++;
    const { pace } = this.#given!;
    const shares = new RunShares(runs, this.#threads.count);
    const feed = async (thread: number): Promise<void> => {
      for (let run = shares.next(thread); run !== undefined && !this.#stopped; run = shares.next(thread)) {
        const sealed = run.blocks.length === 0 ? undefined : await this.#fetch(run);
        const { files, bytes } = await this.#work(thread, {
          window: this.#window,
          sealed,
          starts: run.starts,
        });
        pace.files += files;
        pace.bytes += bytes;
        pace.report();
      }
    };
    const { count } = this.#threads;
    const abort = () => this.#failed.reject(cancelled(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const feeds = Array.from({ length: count * AT_ONCE }, (_, at) => feed(at % count));
      await Promise.race([Promise.all(feeds), this.#failed.promise]);
    } catch (error) {
      this.#stopped = true;
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the threads wherever they are: none of them writes any more then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #fetch({ blocks, starts }: Run): Promise<SealedBlocks> {
    const given = this.#given!;
    try {
      return await given.blocks.fetch(blocks);
    } catch (error) {
      throw withPath(error, pathOfPiece(given.schedule, starts[0]!));
    }
  }

  #work(thread: number, order: ThreadOrder): Promise<ThreadAnswer> {
    const waiting = Promise.withResolvers<ThreadAnswer>();
    this.#waiting[thread]!.push(waiting);
    this.#threads.post(thread, order, order.sealed === undefined ? [] : [order.sealed.bytes.buffer]);
    return waiting.promise;
  }
}
