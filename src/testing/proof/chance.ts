/** Choices that follow from a seed: the same on each machine, so a case that failed can be run again. */

import { pinnedRandom } from '../noise.ts';

export class Chance {
  readonly #random: (count: number) => Uint8Array;

  constructor(seed: string) {
    this.#random = pinnedRandom(seed);
  }

  bytes(count: number): Uint8Array {
    return this.#random(count);
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    return Buffer.from(this.#random(4)).readUInt32LE() / 2 ** 32;
  }

  /** A whole number from 0 to `end`, without `end`. */
  below(end: number): number {
    return Math.floor(this.fraction() * end);
  }

  /** Once in so many times. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
