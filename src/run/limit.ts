/** An end that comes by itself. */

/** A timer of Node takes no more milliseconds, and goes off at once if it is given more. */
const LONGEST_TIMER = 2 ** 31 - 1;

export class Limit implements Disposable {
  readonly #controller = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  /** @param milliseconds undefined: it never comes */
  constructor(milliseconds: number | undefined) {
    if (milliseconds !== undefined) this.#wait(milliseconds);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isOver(): boolean {
    return this.#controller.signal.aborted;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #wait(milliseconds: number): void {
    const now = Math.min(milliseconds, LONGEST_TIMER);
    const rest = milliseconds - now;
    this.#timer = setTimeout(() => (rest > 0 ? this.#wait(rest) : this.#controller.abort()), now);
  }
}
