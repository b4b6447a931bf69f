/**
 * Brings a stream to a command's stdin, at the command's pace: the next part is asked for when the pipe has taken the one before. What the stream
 * is waiting for, nobody here waits for once the command has ended.
 */

import type { Socket } from 'node:net';

export class Input {
  /** Resolves when no more is brought: all of it was, or nobody reads it. Rejects with what the stream threw before. */
  readonly done: Promise<void>;
  readonly #pipe: Socket;
  readonly #settled = Promise.withResolvers<void>();
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #isOver = false;

  constructor(pipe: Socket, source: AsyncIterable<Uint8Array>) {
    this.#pipe = pipe;
    // Whoever writes is told.
    pipe.on('error', () => undefined);
    this.done = this.#settled.promise;
    // It is awaited later; until then a failure must not end the process.
    this.done.catch(() => undefined);
    this.#pump(source)
      .catch(this.#settled.reject)
      .then(() => this.end());
  }

  /** Nobody reads any more. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What was written stays in the pipe.
    this.#pipe.destroy();
    this.#settled.resolve();
    void this.#leave();
  }

  async #pump(source: AsyncIterable<Uint8Array>): Promise<void> {
    const iterator = source[Symbol.asyncIterator]();
    this.#iterator = iterator;
    for (;;) {
      const part = await iterator.next();
      if (part.done === true) break;
      if (this.#isOver || !(await this.#write(part.value))) return;
    }
    this.#iterator = undefined;
  }

  /** @returns whether somebody may still read more */
  #write(part: Uint8Array): Promise<boolean> {
    return new Promise((resolve) => {
      this.#pipe.write(part, (error) => resolve(error === undefined || error === null));
    });
  }

  /** A stream that is stuck hears of it when it goes on. */
  async #leave(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // Nobody is there whom it could concern.
    }
  }
}
