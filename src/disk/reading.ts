/**
 * Where and when the files are read that a walk finds: few of them here, many on threads, long ones in ranges on several at once.
 *
 * Little is waiting at any time: whoever adds files lets `room` hold them.
 */

import { giveWay, throwIfAborted } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import type { ContentSink } from '../vault/index.ts';
import type { FileSlot } from './assembler.ts';
import { cutBuffer } from './cut-file.ts';
import type { CutContent } from './cut-file.ts';
import { HeldDirectories } from './held-directories.ts';
import { LongFile } from './long-file.ts';
import type { Pace } from './pace.ts';
import { SaveThreads } from './save-threads.ts';
import { settleFiles } from './settle-files.ts';
import { readFileOnce } from './scan-file.ts';
import { WORTH_ANOTHER, WORTH_THREADS, threadsBeside } from './useful-threads.ts';
import { Verdicts } from './verdicts.ts';

/** One job of a thread at most, 20 to 50 ms of it. */
const JOB = { files: 256, bytes: 4 * 1024 * 1024 };

/** Files that may wait for threads. */
const MAX_WAITING = 4096;

/** Open directories that files are to be read from: far below the usual limit of 1024 descriptors. */
const MAX_HELD = 256;

/** Entries that may wait for a file before them: a long one is read for half a minute, and each of them takes a kilobyte. */
const MAX_BACKLOG = 16_384;

/** From this size on a file is cut in ranges, by several threads if it has several: so any other fits into a job. Bytes. */
const LONG_FILE = JOB.bytes;

export interface ReadingOptions {
  readonly sink: ContentSink;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
  /** How many beside this one; 0: none. Undefined: as many as are worth it, when they are. */
  readonly threads: number | undefined;
  /** Started already; whatever happens, they are ended here. */
  readonly ahead: SaveThreads | undefined;
  /** Called when the outcome of one file or more is known. */
  readonly onOutcome: () => void;
  /** How many entries wait for an outcome. */
  readonly backlog: () => number;
}

export class Reading implements AsyncDisposable {
  readonly directories = new HeldDirectories();
  readonly #options: ReadingOptions;
  readonly #count: number;
  readonly #verdicts: Verdicts;
  #waiting: FileSlot[] = [];
  #waitingBytes = 0;
  /** What came in so far. */
  #seen = { files: 0, bytes: 0 };
  /** Long files that have not ended. */
  readonly #begun = new Set<LongFile>();
  #buffer: Uint8Array | undefined;
  #threads: SaveThreads | undefined;
  /** All was read: nobody is at work any more. */
  #finished = false;
  #failure: unknown;
  #wake: (() => void) | undefined;

  constructor(options: ReadingOptions) {
    const { pace, onOutcome } = options;
    this.#options = options;
    this.#verdicts = new Verdicts({
      pace,
      onOutcome: (slot) => {
        this.directories.release(slot.directory);
        onOutcome();
      },
      again: (slot) => this.#wait(slot),
    });
    this.#count = options.sink.shared === undefined ? 0 : (options.threads ?? threadsBeside());
    if (this.#count > 0 && options.ahead !== undefined) this.#threads = this.#begin(options.ahead);
  }

  /** Takes a file of an open directory, which stays open until it was read. */
  add(slot: FileSlot): void {
    this.directories.hold(slot.directory);
    this.#wait(slot);
    this.#seen.files++;
    this.#seen.bytes += slot.facts.size;
  }

  /** Whether `room` has something to do: asked for each file, so it costs next to nothing. */
  get isFull(): boolean {
    const { files, bytes } = this.#count > 0 && this.#threads === undefined ? WORTH_THREADS : JOB;
    if (this.#isOver) return true;
    if (this.#waiting.length < files && this.#waitingBytes < bytes) return false;
    return this.#threads === undefined || this.#threads.haveRoom;
  }

  get #isOver(): boolean {
    return (
      this.#waiting.length >= MAX_WAITING ||
      this.directories.size >= MAX_HELD ||
      this.#options.backlog() >= MAX_BACKLOG
    );
  }

  /** Returns when more may be added. @throws what ends the save */
  async room(): Promise<void> {
    if (!this.isFull) return;
    if (this.#threads === undefined && !this.#isWorthThreads) return this.#readHere();
    this.#threads ??= this.#begin(new SaveThreads(this.#count));
    await this.#feed();
    while (this.#isOver) {
      await this.#progress();
      await this.#feed();
    }
  }

  /** Returns when all was read. */
  async finish(): Promise<void> {
    if (this.#threads === undefined && !this.#isWorthThreads) return this.#readHere();
    this.#threads ??= this.#begin(new SaveThreads(this.#count));
    while (this.#waiting.length > 0 || this.#threads.jobs > 0 || this.#begun.size > 0) {
      await this.#feed(true);
      await this.#progress();
    }
    this.#check();
    this.#threads.finish();
    while (!this.#threads.finished) await this.#answer();
    this.#finished = true;
    // They end while the store takes what they made.
    void this.#threads[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#wakeUp);
    // Before a descriptor is closed that one of them may be at.
    if (!this.#finished) await this.#threads?.[Symbol.asyncDispose]();
    for (const long of this.#begun) long[Symbol.dispose]();
    this.directories[Symbol.dispose]();
  }

  #wait(slot: FileSlot): void {
    this.#waiting.push(slot);
    this.#waitingBytes += slot.facts.size;
  }

  get #isWorthThreads(): boolean {
    const { files, bytes } = this.#seen;
    if (this.#count === 0) return false;
    return (
      this.#options.threads !== undefined || files >= WORTH_THREADS.files || bytes >= WORTH_THREADS.bytes
    );
  }

  /** Few files, or none of the threads' business. */
  async #readHere(): Promise<void> {
    const { pace } = this.#options;
    this.#buffer ??= cutBuffer();
    const reader = { ...this.#options, buffer: this.#buffer };
    for (let slot = this.#waiting.shift(); slot !== undefined; slot = this.#waiting.shift()) {
      this.#waitingBytes -= slot.facts.size;
      try {
        this.#verdicts.content(slot, await readFileOnce(reader, slot.directory, slot.name, slot.facts));
      } catch (error) {
        this.#verdicts.error(slot, error);
      }
      if (pace.step()) await pace.pause();
    }
  }

  #begin(threads: SaveThreads): SaveThreads {
    threads.begin({
      sink: this.#options.sink.shared!,
      onProgress: this.#wakeUp,
      onFailure: (error) => {
        this.#failure ??= error;
        this.#wakeUp();
      },
    });
    this.#options.signal?.addEventListener('abort', this.#wakeUp);
    return threads;
  }

  /**
   * Gives the threads jobs as long as they have room.
   *
   * @param all also a last small one
   */
  async #feed(all = false): Promise<void> {
    const threads = this.#threads!;
    if (this.#seen.bytes >= WORTH_ANOTHER) threads.relieve();
    for (;;) {
      this.#check();
      const hasFiles =
        this.#waiting.length >= JOB.files ||
        this.#waitingBytes >= JOB.bytes ||
        (this.#waiting.length > 0 && (all || threads.isIdle || this.directories.size >= MAX_HELD));
      if (!threads.haveRoom || !(hasFiles || this.#long !== undefined)) return;
      // What was sealed waits for the store: no more than that, and what becomes of the jobs that are given out already.
      await this.#options.sink.drain();
      if (this.#long === undefined) this.#postFiles(threads);
      else this.#long.post();
    }
  }

  /** A long file with ranges that are not given out: all of them are before the next one is opened, so that there are no more open than jobs. */
  get #long(): LongFile | undefined {
    for (const long of this.#begun) if (!long.isPosted) return long;
    return undefined;
  }

  #postFiles(threads: SaveThreads): void {
    const slots: FileSlot[] = [];
    let bytes = 0;
    while (slots.length < JOB.files) {
      const slot = this.#waiting[slots.length];
      if (slot === undefined || slot.facts.size >= LONG_FILE || bytes + slot.facts.size > JOB.bytes) break;
      slots.push(slot);
      bytes += slot.facts.size;
    }
    const long = slots.length === 0 ? this.#waiting.shift() : undefined;
    if (long !== undefined) {
      this.#waitingBytes -= long.facts.size;
      return this.#beginLong(long, threads);
    }
    if (slots.length === 0) return;
    this.#waiting = this.#waiting.slice(slots.length);
    this.#waitingBytes -= bytes;
    threads.files(slots, (answer) => settleFiles(slots, answer, this.#verdicts, this.#options));
  }

  #beginLong(slot: FileSlot, threads: SaveThreads): void {
    const end = (long: LongFile, content: CutContent | undefined, error?: unknown) => {
      this.#begun.delete(long);
      if (error === undefined) this.#verdicts.content(slot, content);
      else this.#verdicts.error(slot, error);
    };
    try {
      const long = LongFile.open(slot, { ...this.#options, threads }, end);
      if (long === undefined) return this.#verdicts.content(slot, undefined);
      this.#begun.add(long);
      long.post();
    } catch (error) {
      this.#verdicts.error(slot, error);
    }
  }

  /** Works, or waits where there is nothing to do here. */
  async #progress(): Promise<void> {
    const worked = await this.#threads!.workHere(() => this.#check());
    // What was waited for may have come while the store was.
    if (worked || this.#threads!.jobs === 0) await giveWay();
    else await this.#answer();
    this.#check();
    this.#options.pace.report();
  }

  /** Of a thread. */
  async #answer(): Promise<void> {
    this.#check();
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#check();
  }

  /** @throws what ends the save */
  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    throwIfAborted(this.#options.signal);
  }

  readonly #wakeUp = (): void => {
    this.#wake?.();
    this.#wake = undefined;
  };
}
