/** Writes the windows of a schedule: here, or in threads once there is enough to do for them. */

import { availableParallelism } from 'node:os';

import { EMPTY, throwIfAborted } from '../base/index.ts';
import { BlockOpener } from '../vault/index.ts';
import type { BlockSource, ContentSource } from '../vault/index.ts';
import { withPath } from './failure.ts';
import { Filler, fillRun, idOf } from './fill.ts';
import type { FillerOptions } from './fill.ts';
import { finishDirectories } from './finish.ts';
import type { Pace } from './pace.ts';
import type { Rememberer } from './remember.ts';
import { planRuns } from './runs.ts';
import type { Run } from './runs.ts';
import { pathOfFile, pathOfPiece } from './schedule.ts';
import type { Capacity } from './schedule.ts';
import { wrongLength } from './scheduler.ts';
import type { Window } from './scheduler.ts';
import { ThreadedRuns } from './threaded-runs.ts';

/** What is less than both is written before a first thread has started, which takes 40 ms. */
const FEW_BYTES = 8 * 1024 * 1024;
const FEW_FILES = 500;

/** More would wait for the one disk. */
const MOST_THREADS = 4;

/** Who writes the files. */
export interface Crew {
  /** Threads, however little there is to do; 0 for none. By default one for each processor, at most 4, and none for a small tree. */
  readonly threads?: number | undefined;
  /** What they run; a test may give something else. */
  readonly module?: URL | undefined;
  /** Rows that are planned at a time; by default as many as memory is meant for. */
  readonly window?: Capacity | undefined;
}

export interface WriterOptions {
  readonly sync: boolean;
  readonly pace: Pace;
  readonly signal: AbortSignal | undefined;
  readonly crew: Crew;
  /** Is told what is on the disk then. */
  readonly rememberer?: Rememberer | undefined;
}

export class WindowWriter implements AsyncDisposable {
  readonly #source: ContentSource;
  readonly #root: number;
  readonly #options: WriterOptions;
  #threaded: ThreadedRuns | undefined;

  /** @param root an open directory, which stays open, and which nobody else can reach */
  constructor(source: ContentSource, root: number, options: WriterOptions) {
    this.#source = source;
    this.#root = root;
    this.#options = options;
  }

  /** @throws integrity, disk_full, read_only, refused, conflict, each with the path; internal if a thread dies; cancelled */
  async write(window: Window): Promise<void> {
    const { schedule } = window;
    const { sync, pace, signal } = this.#options;
    const { blocks } = this.#source;
    const { runs, sharedFiles } = planRuns(window);
    const threaded = blocks === undefined ? undefined : this.#threads(blocks, window);
    using filler = new Filler(schedule, this.#root, this.#filling);
    if (blocks === undefined) await this.#writeChunks(window, filler);
    else {
      for (const file of sharedFiles) {
        filler.make(file);
        if (pace.step()) await pace.pause();
      }
      if (threaded === undefined) await this.#writeRuns(blocks, runs, window, filler);
      else await threaded.write(runs, signal);
    }
    await finishDirectories(schedule, filler.directories, this.#root, { sync, pace });
    throwIfAborted(signal);
    this.#options.rememberer?.add(window);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threaded?.[Symbol.asyncDispose]();
  }

  get #filling(): FillerOptions {
    const { sync, rememberer } = this.#options;
    return { sync, remembers: rememberer !== undefined };
  }

  /** Kept for the next window. */
  #threads(blocks: BlockSource, { schedule }: Window): ThreadedRuns | undefined {
    if (this.#threaded !== undefined) return this.#threaded;
    const { crew, pace } = this.#options;
    const count = crew.threads ?? (isSmall(schedule) ? 0 : Math.min(availableParallelism(), MOST_THREADS));
    if (count === 0) return undefined;
    const options = { count, root: this.#root, filling: this.#filling, pace, module: crew.module };
    return (this.#threaded = new ThreadedRuns(blocks, schedule, options));
  }

  async #writeRuns(
    blocks: BlockSource,
    runs: readonly Run[],
    { schedule }: Window,
    filler: Filler,
  ): Promise<void> {
    const { pace } = this.#options;
    const opener = BlockOpener.of(blocks.share);
    for (const run of runs) {
      await pace.pause();
      let sealed;
      try {
        sealed = run.blocks.length === 0 ? undefined : await blocks.fetch(run.blocks);
      } catch (error) {
        throw withPath(error, pathOfPiece(schedule, run.starts[0]!));
      }
      const before = { files: filler.files, bytes: filler.bytes };
      fillRun(filler, schedule.pieces, opener, sealed, run.starts);
      pace.files += filler.files - before.files;
      pace.bytes += filler.bytes - before.bytes;
    }
  }

  /** In the order of the tree, which is the order in which chunks are most likely to lie. */
  async #writeChunks({ schedule }: Window, filler: Filler): Promise<void> {
    const { pieces } = schedule;
    const { pace } = this.#options;
    for (let piece = 0; piece < pieces.count; piece++) {
      const length = pieces.length[piece]!;
      let chunk: Uint8Array;
      try {
        chunk = length === 0 ? EMPTY : await this.#source.chunk(idOf(pieces, piece));
        if (chunk.length !== length) throw wrongLength();
      } catch (error) {
        throw withPath(error, pathOfFile(schedule, pieces.file[piece]!));
      }
      const { files } = filler;
      filler.write(piece, () => chunk);
      pace.files += filler.files - files;
      pace.bytes += length;
      if (pace.step()) await pace.pause();
    }
  }
}

function isSmall({ files, pieces }: Window['schedule']): boolean {
  if (files.count >= FEW_FILES) return false;
  let bytes = 0;
  for (let piece = 0; piece < pieces.count; piece++) bytes += pieces.length[piece]!;
  return bytes < FEW_BYTES;
}
