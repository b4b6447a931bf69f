/** Runs written by threads: what they need is fetched here and handed over, a bounded part of it at a time; and by this one, if it helps. */

import { Threads, cancelled, isStrataError, throwIfAborted } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import { BlockOpener, parted } from '../vault/index.ts';
import type { BlockSource, SealedBlocks } from '../vault/index.ts';
import type { Hands } from './crew.ts';
import { fillRun } from './fill.ts';
import type { Filled, Filler, FillerOptions } from './fill.ts';
import type { Pace } from './pace.ts';
import type { ThreadAnswer, ThreadBegin, ThreadOrder } from './restore-thread.ts';
import { ReadShares } from './read-shares.ts';
import { ReadsAhead } from './reads-ahead.ts';
import type { Part } from './reads-ahead.ts';
import { planReads } from './reads.ts';
import type { Run } from './runs.ts';
import { pathOfPiece } from './schedule.ts';
import type { Schedule } from './schedule.ts';
import { threadModule } from './thread-module.ts';

/** Runs that a thread has or waits for: one to work at, the others there when it is done, also while this one writes a run of its own. */
const AT_ONCE = 3;
/** Reads of each writer when fetching is a round trip, where bytes do not end it before. */
const AT_ONCE_FAR = 16;
/** Stored bytes that are fetched and not written: six requests over a network, which fill a line. */
const MOST_AHEAD = 48 * 1024 * 1024;

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
    const isFar = blocks.isFar === true;
    const writers = count + (this.#helps ? 1 : 0);
    const ahead = new ReadsAhead(new ReadShares(planReads(runs, isFar), writers, isFar), {
      writers,
      each: isFar ? AT_ONCE_FAR : AT_ONCE,
      most: MOST_AHEAD,
      fetch: (read) => this.#fetch(read.runs),
    });
    const feed = async (writer: number, work: (part: Part) => Promise<Filled>): Promise<void> => {
      for (let part = await ahead.take(writer); part !== undefined; part = await ahead.take(writer)) {
        const { files, bytes } = await work(part);
        ahead.written(part);
        pace.files += files;
        pace.bytes += bytes;
        pace.report();
      }
    };
    const order =
      (thread: number) =>
      ({ sealed, run }: Part) =>
        this.#work(thread, { window: this.#window, sealed, starts: run.starts });
    const opener = BlockOpener.of(blocks.share);
    const help = async ({ sealed, run }: Part): Promise<Filled> => {
      // The threads come first: they are given more, and what they have done is heard.
      await pace.pause();
      // Whoever failed meanwhile has told why; what is there is being removed.
      if (this.#stopped) return { files: 0, bytes: 0 };
      return fillRun(filler, schedule.pieces, opener, sealed, run.starts);
    };
    const abort = () => this.#failed.reject(cancelled(signal!));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      const feeds = Array.from({ length: count * AT_ONCE }, (_, at) => feed(at % count, order(at % count)));
      if (this.#helps) feeds.push(feed(count, help));
      await Promise.race([Promise.all(feeds), this.#failed.promise]);
    } catch (error) {
      this.#stopped = true;
      ahead.end();
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends the threads after what they are at: none of them writes any more then. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#given === undefined) await this.#threads.stop();
    else await this.#threads[Symbol.asyncDispose]();
  }

  /** What each of them needs; together they are one request. */
  async #fetch(runs: readonly Run[]): Promise<readonly (SealedBlocks | undefined)[]> {
    const places = runs.flatMap(({ blocks }) => blocks);
    if (places.length === 0) return [];
    const { blocks, schedule } = this.#given!;
    try {
      const counts = runs.map((run) => run.blocks.length);
      return parted(await blocks.fetch(places), counts);
    } catch (error) {
      // Of a pack that was cut off the front is still there: what is told has to be the path of a file that is hit.
      if (runs.length > 1 && isStrataError(error, 'integrity'))
        for (const run of runs) await this.#fetch([run]);
      throw withPath(error, pathOfPiece(schedule, runs[0]!.starts[0]!));
    }
  }

  #work(thread: number, order: ThreadOrder): Promise<ThreadAnswer> {
    const waiting = Promise.withResolvers<ThreadAnswer>();
    this.#waiting[thread]!.push(waiting);
    this.#threads.post(thread, order, order.sealed === undefined ? [] : [order.sealed.bytes.buffer]);
    return waiting.promise;
  }
}
