/** A stream of bytes, taken in the portions that are wanted. It holds one part of what it is given, whatever is asked for. */

import { EMPTY } from '../base/index.ts';

export class ByteSource {
  readonly #parts: AsyncIterator<Uint8Array>;
  #part: Uint8Array = EMPTY;
  #position = 0;

  constructor(parts: AsyncIterable<Uint8Array>) {
    this.#parts = parts[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get position(): number {
    return this.#position;
  }

  /** @returns at least one byte and at most `most`, as a view that is good until the next call; none at the end */
  async some(most: number): Promise<Uint8Array> {
    if (this.#part.length === 0) await this.#fill();
    const taken = this.#part.subarray(0, most);
    this.#part = this.#part.subarray(taken.length);
    this.#position += taken.length;
    return taken;
  }

  /** @returns a copy of as many bytes; fewer only where it ends */
  async take(length: number): Promise<Uint8Array> {
    if (this.#part.length >= length) return Uint8Array.from(await this.some(length));
    const taken = new Uint8Array(length);
    let at = 0;
    while (at < length) {
      const part = await this.some(length - at);
      if (part.length === 0) break;
      taken.set(part, at);
      at += part.length;
    }
    return taken.subarray(0, at);
  }

  /** The first bytes of what comes next, which stay. @returns fewer only where it ends */
  async peek(length: number): Promise<Uint8Array> {
    const taken = await this.take(length);
    this.#position -= taken.length;
    // What was taken from one part is put in front of the rest of it.
    this.#part = this.#part.length === 0 ? taken : Buffer.concat([taken, this.#part]);
    return taken;
  }

  /** @returns how many bytes there were to be passed over, at most `length` */
  async skip(length: number): Promise<number> {
    let passed = 0;
    while (passed < length) {
      const part = await this.some(length - passed);
      if (part.length === 0) break;
      passed += part.length;
    }
    return passed;
  }

  async #fill(): Promise<void> {
    while (this.#part.length === 0) {
      const next = await this.#parts.next();
      if (next.done === true) return;
      this.#part = next.value;
    }
  }
}
