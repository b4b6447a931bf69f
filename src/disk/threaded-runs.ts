/** Runs written by threads: what they need is fetched here and handed over, a bounded part of it at a time; and by this one, if it helps. */

import { Threads, cancelled, throwIfAborted } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import { BlockOpener } from '../vault/index.ts';
import type { BlockSource, SealedBlocks } from '../vault/index.ts';
import type { Hands } from './crew.ts';
import { fillRun } from './fill.ts';
import type { Filled, Filler, FillerOptions } from './fill.ts';
import type { Pace } from './pace.ts';
import type { ThreadAnswer, ThreadBegin, ThreadOrder } from './restore-thread.ts';
import { RunShares } from './run-shares.ts';
import type { Run } from './runs.ts';
import { pathOfPiece } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { threadModule } from './thread-module.ts';

/** Runs that a thread has or waits for: one to work at, the others there when it is done, also while this one writes a run of its own. */
const AT_ONCE = 3;
/** The same when fetching is a round trip. Each has at most 2 MiB, and more than 16 requests are seldom let out at a time. */
const AT_ONCE_FAR = 8;

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
  readonly #helps: boolean;
  #given: ThreadedWork | undefined;
  /** Of each thread, in the order of its work. */
  readonly #waiting: Waiting[][];
  readonly #failed = Promise.withResolvers<never>();
  #window = 0;
  #stopped = false;

  /** Starts them; they can do nothing before `begin`. @param module what they run; a test may give another */
  constructor({ threads, helps }: Hands, module = threadModule('restore-thread')) {
    this.#helps = helps;
    this.#waiting = Array.from({ length: threads }, () => []);
    // Whoever waits for nothing at the moment is told by the next wait.
    this.#failed.promise.catch(() => {});
    this.#threads = new Threads(module, {
      count: threads,
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

  /**
   * All of one window.
   *
   * @param filler writes what this thread does
   * @throws what a thread throws; internal if one dies; integrity, unavailable from the store; cancelled
   */
  async write(runs: readonly Run[], filler: Filler, signal: AbortSignal | undefined): Promise<void> {
    throwIfAborted(signal);
    this.#window++;
    const { pace, blocks, schedule } = this.#given!;
    const { count } = this.#threads;
    const shares = new RunShares(runs, count + (this.#helps ? 1 : 0));
    const feed = async (thread: number, work: (run: Run) => Promise<Filled>): Promise<void> => {
      for (let run = shares.next(thread); run !== undefined && !this.#stopped; run = shares.next(thread)) {
        const { files, bytes } = await work(run);
        pace.files += files;
        pace.bytes += bytes;
        pace.report();
      }
    };
    const order = (thread: number) => async (run: Run) =>
      this.#work(thread, { window: this.#window, sealed: await this.#fetch(run), starts: run.starts });
    const opener = BlockOpener.of(blocks.share);
    const help = async (run: Run): Promise<Filled> => {
      // The threads come first: they are given more, and what they have done is heard.
      await pace.pause();
      const sealed = await this.#fetch(run);
      // Whoever failed meanwhile has told why; what is there is being removed.
      if (this.#stopped) return { files: 0, bytes: 0 };
      return fillRun(filler, schedule.pieces, opener, sealed, run.starts);
    };
    const abort = () => this.#failed.reject(cancelled(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const each = blocks.isFar === true ? AT_ONCE_FAR : AT_ONCE;
      const feeds = Array.from({ length: count * each }, (_, at) => feed(at % count, order(at % count)));
      if (this.#helps) feeds.push(feed(count, help));
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

  async #fetch({ blocks, starts }: Run): Promise<SealedBlocks | undefined> {
    if (blocks.length === 0) return undefined;
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
