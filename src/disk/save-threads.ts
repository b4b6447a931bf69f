/**
 * The threads that read files for a save: a job is done by whichever is free first, outcomes come back in any order. The caller's own
 * thread is one of them, for when it would have to wait for the others.
 */

import { setTimeout } from 'node:timers/promises';

import { Threads } from '../base/index.ts';
import type { SharedSink } from '../vault/index.ts';
import { FACTS, notBegun, tryBegin } from './save-order.ts';
import type { JobOutcome, SaveAnswer, SaveBegin, SaveJob, SaveOrder } from './save-order.ts';
import { SaveWorker } from './save-worker.ts';
import type { FileSlot } from './assembler.ts';
import { Ranges } from './ranges.ts';
import { threadModule } from './thread-module.ts';

/** Jobs for each thread beside the caller's: one in work, and one that it need not wait for. Each more is memory where a store is slow. */
const JOBS = 2;

/** Beside these, for while the caller's thread is at one itself and gives out none: its own may take as long as that many short ones. */
const MORE_JOBS = 6;

export type FilesAnswer = Extract<JobOutcome, { kind: 'files' }>;
export type RangeAnswer = Extract<JobOutcome, { kind: 'range' }>;

/** What threads work for. */
export interface SaveThreadsWork {
  readonly sink: SharedSink;
  /** Called after each answer: there may be room for another job. */
  readonly onProgress: () => void;
  readonly onFailure: (error: unknown) => void;
}

export class SaveThreads implements AsyncDisposable {
  readonly #threads: Threads<SaveBegin | SaveOrder, SaveAnswer>;
  /** Of the caller's thread. */
  #own: SaveWorker | undefined;
  #relieved = false;
  /** The first job that the thread in its place is given. */
  #firstRelieved = 0;
  #work: SaveThreadsWork | undefined;
  /** By number, oldest first: what is not done, and what is done with its answer. */
  readonly #jobs = new Map<number, { readonly job: SaveJob; readonly done: (answer: JobOutcome) => void }>();
  /** What went wrong before there was anybody to tell. */
  #failure: unknown;
  #nextJob = 0;
  #finished = 0;

  /** Starts them; they can do nothing before `begin`. @param count beside the caller's */
  constructor(count: number) {
    this.#threads = new Threads(threadModule('save-thread'), {
      count,
      data: undefined,
      onAnswer: (answer) => this.#answer(answer),
      onFailure: (error) => this.#fail(error),
    });
  }

  /** Once, before the first job. */
  begin(work: SaveThreadsWork): void {
    this.#work = work;
    if (this.#failure !== undefined) return work.onFailure(this.#failure);
    const { share } = work.sink;
    this.#own = new SaveWorker(share);
    this.#postAll({ kind: 'begin', share });
  }

  /** Whether the threads can take another job. */
  get haveRoom(): boolean {
    return this.#jobs.size - this.#older() < this.#threads.count * JOBS + (this.#relieved ? 0 : MORE_JOBS);
  }

  /** How many jobs that are not done the thread in the caller's place was not given: it must not wait until they are. */
  #older(): number {
    let count = 0;
    for (const job of this.#jobs.keys()) {
      if (job >= this.#firstRelieved) break;
      count++;
    }
    return count;
  }

  /**
   * After `begin`, where the store is far: starts a thread that takes the place of the caller's, which does no job any more. What is given out
   * already is not for it: when that was tried, it took longer.
   */
  relieve(): void {
    const { sink } = this.#work!;
    if (this.#relieved || !sink.isFar) return;
    this.#relieved = true;
    this.#firstRelieved = this.#nextJob;
    this.#threads.add();
    this.#threads.post(this.#threads.count - 1, { kind: 'begin', share: sink.share });
  }

  /** Whether one beside the caller's has nothing to do. */
  get isIdle(): boolean {
    return this.#jobs.size < this.#threads.count || this.#jobs.size === this.#older();
  }

  /**
   * Does the first job that nobody has begun. A range not before it can be begun: a thread with the range before may have died, and this
   * one would never hear of it if it blocked.
   *
   * @param check throws what should end the waiting
   * @returns false if there is no such job
   * @throws what ends the save
   */
  async workHere(check: () => void): Promise<boolean> {
    if (this.#relieved) return false;
    const job = this.#beginFirst();
    if (job === undefined) return false;
    let number: number | undefined;
    if (job.kind === 'range') {
      const ranges = new Ranges(job.ranges);
      const mine = (number = ranges.take());
      try {
        for (check(); !ranges.isDecided(mine); check()) await setTimeout(1);
      } catch (error) {
        ranges.giveUp(mine + 1);
        throw error;
      }
    }
    this.#answer(this.#own!.work(job, number));
    return true;
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /** Whether all have given away what they had. */
  get finished(): boolean {
    return this.#finished === this.#threads.count + 1;
  }

  files(slots: readonly FileSlot[], done: (answer: FilesAnswer) => void): void {
    const facts = new Float64Array(slots.length * FACTS);
    for (const [file, slot] of slots.entries()) {
      const { dev, ino, size, mtimeMs, ctimeMs } = slot.facts;
      facts.set([dev, ino, size, mtimeMs, ctimeMs], file * FACTS);
    }
    const job: SaveJob = {
      kind: 'files',
      job: this.#nextJob++,
      begun: notBegun(),
      directories: slots.map(({ directory }) => directory),
      names: slots.map(({ name }) => name.toString('latin1')),
      facts,
    };
    this.#post(job, (answer) => answer.kind === 'files' && done(answer));
  }

  /** One of the ranges of an open file, whichever is the next when it is begun. */
  range(fd: number, { share }: Ranges, done: (answer: RangeAnswer) => void): void {
    const job: SaveJob = { kind: 'range', job: this.#nextJob++, begun: notBegun(), fd, ranges: share };
    this.#post(job, (answer) => answer.kind === 'range' && done(answer));
  }

  /** After the last job. */
  finish(): void {
    this.#postAll({ kind: 'finish' });
    this.#answer(this.#own!.work({ kind: 'finish' }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#threads[Symbol.asyncDispose]();
  }

  /** @returns the first job that nobody has begun: it is the caller's now */
  #beginFirst(): SaveJob | undefined {
    for (const { job } of this.#jobs.values()) if (tryBegin(job)) return job;
    return undefined;
  }

  #post(job: SaveJob, done: (answer: JobOutcome) => void): void {
    this.#jobs.set(job.job, { job, done });
    this.#postAll(job);
  }

  #postAll(order: SaveBegin | SaveOrder): void {
    for (let thread = 0; thread < this.#threads.count; thread++) this.#threads.post(thread, order);
  }

  #fail(error: unknown): void {
    if (this.#work === undefined) this.#failure = error;
    else this.#work.onFailure(error);
  }

  #answer({ outputs, outcome }: SaveAnswer): void {
    const { sink, onProgress } = this.#work!;
    for (const output of outputs) sink.take(output);
    if (outcome === undefined) this.#finished++;
    else {
      const { done } = this.#jobs.get(outcome.job)!;
      this.#jobs.delete(outcome.job);
      try {
        done(outcome);
      } catch (error) {
        // Nobody stands above an answer who could catch it.
        this.#fail(error);
      }
    }
    onProgress();
  }
}
