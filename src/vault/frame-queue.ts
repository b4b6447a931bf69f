/** Sealed parts on their way into a store: the maker never waits, the store takes them as fast as it can. */

import { release } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { WholeBody } from '../store/index.ts';

export class FrameQueue implements WholeBody, Disposable {
  #parts: Sealed[] = [];
  #waitingBytes = 0;
  /** Somebody has asked for all of them: none waits to be taken. */
  #asWhole = false;
  #bytes = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  readonly #onTaken: () => void;

  /** @param onTaken called when the store has taken a part */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  /** Bytes that the store has not taken yet. */
  get waitingBytes(): number {
    return this.#asWhole ? 0 : this.#waitingBytes;
  }

  /** Bytes of all that was pushed. */
  get bytes(): number {
    return this.#bytes;
  }

  push(part: Sealed): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    this.#waitingBytes += part.length;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Makes the store's read throw, so that it drops what it has of the object. */
  fail(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Sealed> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const part = this.#parts.shift();
      if (part !== undefined) {
        this.#waitingBytes -= part.length;
        this.#onTaken();
        yield part;
        // The store has asked for the next one.
        release(part);
      } else if (this.#ended) {
        return;
      } else {
        await this.#next();
      }
    }
  }

  async whole(): Promise<readonly Sealed[]> {
    this.#asWhole = true;
    this.#onTaken();
    while (this.#failure === undefined && !this.#ended) await this.#next();
    if (this.#failure !== undefined) throw this.#failure;
    return this.#parts;
  }

  /** When the put has ended: gives back what memory is left. */
  [Symbol.dispose](): void {
    for (const part of this.#parts) release(part);
    this.#parts = [];
  }

  async #next(): Promise<void> {
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }
}
