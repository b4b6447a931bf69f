/** The threads that read files for a save: jobs go to whichever has the least to do, outcomes come back in any order. */

import { Threads, messageError } from '../base/index.ts';
import type { SharedSink } from '../vault/index.ts';
import { FACTS } from './save-order.ts';
import type { JobOutcome, SaveAnswer, SaveData, SaveOrder } from './save-order.ts';
import type { FileSlot } from './assembler.ts';
import type { Range } from './cut-range.ts';
import type { Seams } from './ranges.ts';
import { threadModule } from './thread-module.ts';

/** Jobs that a thread has at a time: one in work, and one that it need not wait for. */
const JOBS = 2;

export type FilesAnswer = Extract<JobOutcome, { kind: 'files' }>;
export type RangeAnswer = Extract<JobOutcome, { kind: 'range' }>;

export interface RangeJob {
  /** An open file. */
  readonly fd: number;
  readonly range: Range;
  /** Of the range, counted from 0. */
  readonly number: number;
  readonly seams: Seams;
}

export interface SaveThreadsOptions {
  readonly count: number;
  readonly sink: SharedSink;
  /** Called after each answer: there may be room for another job. */
  readonly onProgress: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class SaveThreads implements AsyncDisposable {
  readonly #threads: Threads<SaveOrder, SaveAnswer>;
  readonly #sink: SharedSink;
  /** How many jobs each thread has. */
  readonly #load: number[];
  /** By number: what is done with the answer. */
  readonly #jobs = new Map<number, (answer: JobOutcome) => void>();
  readonly #onProgress: () => void;
  readonly #onFailure: (error: unknown) => void;
  #nextJob = 0;
  #finished = 0;

  constructor({ count, sink, onProgress, onFailure }: SaveThreadsOptions) {
    this.#sink = sink;
    this.#onProgress = onProgress;
    this.#onFailure = onFailure;
    this.#load = Array.from({ length: count }, () => 0);
    const data: SaveData = { share: sink.share };
    this.#threads = new Threads(threadModule('save-thread'), {
      count,
      data,
      onAnswer: (answer, thread) => this.#answer(answer, thread),
      onFailure,
    });
  }

  /** The thread with the least to do; undefined if none can take another job. */
  get freest(): number | undefined {
    let freest = 0;
    for (let thread = 1; thread < this.#load.length; thread++)
      if (this.#load[thread]! < this.#load[freest]!) freest = thread;
    return this.#load[freest]! < JOBS ? freest : undefined;
  }

  /** Whether one has nothing to do. */
  get isIdle(): boolean {
    return this.#load.some((load) => load === 0);
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /** Whether all have given away what they had. */
  get finished(): boolean {
    return this.#finished === this.#threads.count;
  }

  files(thread: number, slots: readonly FileSlot[], done: (answer: FilesAnswer) => void): void {
    const facts = new Float64Array(slots.length * FACTS);
    for (const [file, slot] of slots.entries()) {
      const { dev, ino, size, mtimeMs, ctimeMs } = slot.facts;
      facts.set([dev, ino, size, mtimeMs, ctimeMs], file * FACTS);
    }
    const job = this.#begin((answer) => answer.kind === 'files' && done(answer));
    const names = slots.map(({ name }) => name.toString('latin1'));
    this.#post(thread, {
      kind: 'files',
      job,
      directories: slots.map(({ directory }) => directory),
      names,
      facts,
    });
  }

  /** Ranges of one file are posted in their order: a thread that waits for the one before must not stand before it. */
  range(thread: number, { fd, range, number, seams }: RangeJob, done: (answer: RangeAnswer) => void): void {
    const job = this.#begin((answer) => answer.kind === 'range' && done(answer));
    this.#post(thread, { kind: 'range', job, fd, range, number, seams: seams.share });
  }

  /** After the last job. */
  finish(): void {
    for (let thread = 0; thread < this.#threads.count; thread++)
      this.#threads.post(thread, { kind: 'finish' });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }

  #begin(done: (answer: JobOutcome) => void): number {
    this.#jobs.set(this.#nextJob, done);
    return this.#nextJob++;
  }

  #post(thread: number, order: SaveOrder): void {
    this.#load[thread]!++;
    this.#threads.post(thread, order);
  }

  #answer({ outputs, outcome }: SaveAnswer, thread: number): void {
    for (const output of outputs) this.#sink.take(output);
    if (outcome === undefined) this.#finished++;
    else {
      this.#load[thread]!--;
      const done = this.#jobs.get(outcome.job)!;
      this.#jobs.delete(outcome.job);
      try {
        done(outcome);
      } catch (error) {
        // Nobody stands above an answer who could catch it.
        this.#onFailure(error);
      }
    }
    this.#onProgress();
  }
}

/** What the system refused to a thread, as an error that `errno` reads. */
export function systemErrorOf(errno: string | undefined, message: Parameters<typeof messageError>[0]): Error {
  const error = messageError(message);
  return errno === undefined ? error : Object.assign(new Error(message.message), { code: errno });
}
