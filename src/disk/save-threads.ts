/**
 * The threads that read files for a save: jobs go to whichever has the least to do, outcomes come back in any order. The caller's own
 * thread is one of them, for when it would have to wait for the others.
 */

import { setTimeout } from 'node:timers/promises';

import { Threads } from '../base/index.ts';
import type { SharedSink } from '../vault/index.ts';
import { FACTS } from './save-order.ts';
import type { JobOutcome, SaveAnswer, SaveBegin, SaveOrder } from './save-order.ts';
import { SaveWorker } from './save-worker.ts';
import type { FileSlot } from './assembler.ts';
import { Ranges } from './ranges.ts';
import { threadModule } from './thread-module.ts';

/** Jobs that a thread has at a time: one in work, and one that it need not wait for. More, and a next range would lie behind others. */
const JOBS = 2;

/** The caller's thread; the others count from 1. */
export const OWN = 0;

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
  #ownOrder: SaveOrder | undefined;
  #relieved = false;
  #work: SaveThreadsWork | undefined;
  /** How many jobs each thread has. */
  readonly #load: number[];
  /** By number: what is done with the answer. */
  readonly #jobs = new Map<number, (answer: JobOutcome) => void>();
  /** What went wrong before there was anybody to tell. */
  #failure: unknown;
  #nextJob = 0;
  #finished = 0;

  /** Starts them; they can do nothing before `begin`. @param count beside the caller's */
  constructor(count: number) {
    this.#load = Array.from({ length: count + 1 }, () => 0);
    this.#threads = new Threads(threadModule('save-thread'), {
      count,
      data: undefined,
      onAnswer: (answer, thread) => this.#answer(answer, thread + 1),
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

  /** Of those beside the caller's the one with the least to do. */
  get #least(): number {
    let least = 1;
    for (let thread = 2; thread < this.#load.length; thread++)
      if (this.#load[thread]! < this.#load[least]!) least = thread;
    return least;
  }

  /** The thread with the least to do; undefined if none can take another job. @param own whether the caller's may be the one */
  freest(own: boolean): number | undefined {
    const freest = this.#least;
    if (own && !this.#relieved && this.#load[OWN] === 0 && this.#load[freest]! > 0) return OWN;
    return this.#load[freest]! < JOBS ? freest : undefined;
  }

  /** Starts a thread that takes the place of the caller's, which gets no job any more. */
  relieve(): void {
    if (this.#relieved) return;
    this.#relieved = true;
    this.#threads.add();
    this.#load.push(0);
    this.#threads.post(this.#threads.count - 1, { kind: 'begin', share: this.#work!.sink.share });
  }

  /** Whether one beside the caller's has nothing to do. */
  get isIdle(): boolean {
    return this.#load.some((load, thread) => load === 0 && thread !== OWN);
  }

  /**
   * Does the job of the caller's thread, when it can be begun: a thread with the range before may have died, and this one would never
   * hear of it if it blocked.
   *
   * @param check throws what should end the waiting
   * @returns false if there is no job
   * @throws what ends the save
   */
  async workHere(check: () => void): Promise<boolean> {
    const order = this.#ownOrder;
    if (order === undefined) return false;
    this.#ownOrder = undefined;
    let number: number | undefined;
    if (order.kind === 'range') {
      const ranges = new Ranges(order.ranges);
      const mine = (number = ranges.take());
      try {
        for (check(); !ranges.isDecided(mine); check()) await setTimeout(1);
      } catch (error) {
        ranges.giveUp(mine + 1);
        throw error;
      }
    }
    this.#answer(this.#own!.work(order, number), OWN);
    return true;
  }

  get jobs(): number {
    return this.#jobs.size;
  }

  /** Whether all have given away what they had. */
  get finished(): boolean {
    return this.#finished === this.#load.length;
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

  /** One of the ranges of an open file, whichever is the next when the thread begins. */
  range(thread: number, fd: number, { share }: Ranges, done: (answer: RangeAnswer) => void): void {
    const job = this.#begin((answer) => answer.kind === 'range' && done(answer));
    this.#post(thread, { kind: 'range', job, fd, ranges: share });
  }

  /** After the last job. */
  finish(): void {
    this.#postAll({ kind: 'finish' });
    this.#answer(this.#own!.work({ kind: 'finish' }), OWN);
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
    if (thread === OWN) this.#ownOrder = order;
    else this.#threads.post(thread - 1, order);
  }

  #postAll(order: SaveBegin | SaveOrder): void {
    for (let thread = 0; thread < this.#threads.count; thread++) this.#threads.post(thread, order);
  }

  #fail(error: unknown): void {
    if (this.#work === undefined) this.#failure = error;
    else this.#work.onFailure(error);
  }

  #answer({ outputs, outcome }: SaveAnswer, thread: number): void {
    const { sink, onProgress } = this.#work!;
    for (const output of outputs) sink.take(output);
    if (outcome === undefined) this.#finished++;
    else {
      this.#load[thread]!--;
      const done = this.#jobs.get(outcome.job)!;
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
