/** Lets others have their turn: long loops of synchronous calls pause now and then. */

import { giveWay } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';

/** Work between two pauses, about 10 ms of it. */
const STEPS = 256;
const BYTES = 4 * 1024 * 1024;

export interface Progress {
  readonly files: number;
  readonly bytes: number;
  /** What it comes to in the end, where that is known or can be guessed. */
  readonly total?:
    | { readonly files: number; readonly bytes: number; readonly estimated?: boolean }
    | undefined;
}

export interface PaceOptions extends Cancellable {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export class Pace {
  files = 0;
  bytes = 0;
  total: Progress['total'];
  readonly #options: PaceOptions;
  readonly #drain: () => Promise<void>;
  #steps = 0;
  #pausedAt = 0;

  /** @param drain holds us while too much is waiting elsewhere */
  constructor(options: PaceOptions, drain: () => Promise<void> = async () => {}) {
    this.#options = options;
    this.#drain = drain;
  }

  /** Is a pause due? Ask once for each entry or part of a file. */
  step(): boolean {
    return ++this.#steps >= STEPS || this.bytes - this.#pausedAt >= BYTES;
  }

  /** @throws cancelled */
  async pause(): Promise<void> {
    this.#steps = 0;
    this.#pausedAt = this.bytes;
    await this.#drain();
    await giveWay(this.#options.signal);
    this.report();
  }

  report(): void {
    const { files, bytes, total } = this;
    this.#options.onProgress?.(total === undefined ? { files, bytes } : { files, bytes, total });
  }
}
