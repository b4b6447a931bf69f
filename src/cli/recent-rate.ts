/** How fast something goes now: over the last few seconds, since a mean from the start on keeps what was long ago. */

/** Milliseconds. Long enough to be calm, short enough to follow when large files come after small ones. */
const WINDOW_MS = 5000;
/** Milliseconds before which what remains cannot be guessed: the first files tell little. */
const LEAST_MS = 1000;

interface Sample {
  readonly at: number;
  readonly amounts: readonly number[];
}

export class RecentRate {
  #samples: Sample[];

  /** @param now milliseconds @param count of amounts that are followed, all of them 0 now */
  constructor(now: number, count: number) {
    this.#samples = [{ at: now, amounts: Array<number>(count).fill(0) }];
  }

  /** @param now milliseconds @param amounts what was done since the start */
  add(now: number, amounts: readonly number[]): void {
    // The first that stays is the last one that is older than the window, so that it is always covered whole.
    const young = this.#samples.findIndex(({ at }) => at > now - WINDOW_MS);
    this.#samples.splice(0, young === -1 ? this.#samples.length - 1 : Math.max(young - 1, 0));
    this.#samples.push({ at: now, amounts });
  }

  /** Of each amount a second; undefined before any time has passed. */
  get perSecond(): readonly number[] | undefined {
    const seconds = this.#milliseconds / 1000;
    const first = this.#samples[0]!;
    const last = this.#samples.at(-1)!;
    return seconds > 0 ? last.amounts.map((amount, n) => (amount - first.amounts[n]!) / seconds) : undefined;
  }

  /** Whether something can be foretold by it. */
  get isSettled(): boolean {
    return this.#milliseconds >= LEAST_MS;
  }

  get #milliseconds(): number {
    return this.#samples.at(-1)!.at - this.#samples[0]!.at;
  }
}
