/** Writes the windows of a schedule: here, and in threads once there is enough to do for them. */

import { EMPTY, throwIfAborted } from '../base/index.ts';
import { withPath } from '../tree/index.ts';
import type { BlockSource, ContentSource } from '../vault/index.ts';
import { wrongLength } from './failure.ts';
import { handsFor } from './crew.ts';
import type { Crew } from './crew.ts';
import { Filler, idOf } from './fill.ts';
import type { FillerOptions } from './fill.ts';
import { finishDirectories } from './finish.ts';
import type { Pace } from './pace.ts';
import { planRuns } from './runs.ts';
import { pathOfFile } from './schedule.ts';
import type { Window } from './scheduler.ts';
import type { WrittenFiles } from './sightings.ts';
import { ThreadedRuns } from './threaded-runs.ts';

export interface WriterOptions {
  readonly sync: boolean;
  readonly pace: Pace;
  readonly signal: AbortSignal | undefined;
  readonly crew: Crew;
  /** Threads that were started already; ended with the writer, which nobody may outlive who writes. */
  readonly ahead: ThreadedRuns | undefined;
  /** Is told what is on the disk then. */
  readonly rememberer?: WrittenFiles | undefined;
}

export class WindowWriter implements AsyncDisposable {
  readonly #source: ContentSource;
  readonly #root: number;
  readonly #options: WriterOptions;
  #threads: ThreadedRuns | undefined;
  #begun = false;

  /** @param root an open directory, which stays open, and which nobody else can reach */
  constructor(source: ContentSource, root: number, options: WriterOptions) {
    this.#source = source;
    this.#root = root;
    this.#options = options;
    this.#threads = options.ahead;
  }

  /**
   * @param last whether no window will follow
   * @throws integrity, disk_full, read_only, refused, conflict, each with the path; internal if a thread dies; cancelled
   */
  async write(window: Window, last = false): Promise<void> {
    const { schedule } = window;
    const { sync, pace, signal, rememberer } = this.#options;
    const { blocks } = this.#source;
    const { runs, sharedFiles } = planRuns(window);
    const threaded = blocks && this.#threadsFor(blocks, window);
    using filler = new Filler(schedule, this.#root, this.#filling);
    if (threaded === undefined) await this.#writeChunks(window, filler);
    else {
      for (const file of sharedFiles) {
        filler.make(file);
        if (pace.step()) await pace.pause();
      }
      await threaded.write(runs, filler, signal);
      // They end while the directories are finished.
      if (last) void threaded[Symbol.asyncDispose]();
    }
    rememberer?.filled();
    await finishDirectories(schedule, filler.directories, this.#root, { sync, pace });
    throwIfAborted(signal);
    rememberer?.add(window);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads?.[Symbol.asyncDispose]();
  }

  get #filling(): FillerOptions {
    const { sync, rememberer } = this.#options;
    return { sync, remembers: rememberer !== undefined };
  }

  /** Kept for the next window. */
  #threadsFor(blocks: BlockSource, { schedule }: Window): ThreadedRuns {
    const { crew, pace } = this.#options;
    const threads = (this.#threads ??= new ThreadedRuns(handsFor(crew, workOf(schedule)), crew.module));
    if (!this.#begun) threads.begin({ blocks, schedule, root: this.#root, filling: this.#filling, pace });
    this.#begun = true;
    return threads;
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
      filler.write(piece, 1, () => chunk);
      pace.files += filler.files - files;
      pace.bytes += length;
      if (pace.step()) await pace.pause();
    }
  }
}

function workOf({ files, pieces }: Window['schedule']): { readonly files: number; readonly bytes: number } {
  let bytes = 0;
  for (let piece = 0; piece < pieces.count; piece++) bytes += pieces.length[piece]!;
  return { files: files.count, bytes };
}
