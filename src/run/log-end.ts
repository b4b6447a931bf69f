/** The last of what is printed, however much that is: most often it says why. */

/** Bytes: it is in memory until the step has ended. */
export const LOG_END_BYTES = 1024 * 1024;

const NEWLINE = 10;

export class LogEnd {
  /** Written round and round. */
  readonly #ring = Buffer.alloc(LOG_END_BYTES);
  #total = 0;

  add(bytes: Uint8Array): void {
    const last = bytes.subarray(Math.max(bytes.length - this.#ring.length, 0));
    const at = (this.#total + bytes.length - last.length) % this.#ring.length;
    const first = last.subarray(0, this.#ring.length - at);
    this.#ring.set(first, at);
    this.#ring.set(last.subarray(first.length), 0);
    this.#total += bytes.length;
  }

  /** From the start of a line on, where something was dropped. */
  get bytes(): Uint8Array {
    if (this.#total <= this.#ring.length) return this.#ring.subarray(0, this.#total);
    const at = this.#total % this.#ring.length;
    const all = Buffer.concat([this.#ring.subarray(at), this.#ring.subarray(0, at)]);
    return all.subarray(all.indexOf(NEWLINE) + 1);
  }
}
