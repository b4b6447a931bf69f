/** Choices that follow from a seed alone. */

export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e3779b9) >>> 0;
    for (let at = 0; at < 4; at++) this.below(2);
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    // mulberry32: 32 bits of state, and good enough that no two neighbouring seeds look alike.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return Math.floor((((word ^ (word >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  }

  /** Once in `often` times. */
  once(often: number): boolean {
    return this.below(often) === 0;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('there is nothing to pick from');
    return item;
  }

  /** A choice of its own, so that what it gives does not move what comes after. */
  fork(): Chance {
    return new Chance(this.below(0x1_0000_0000));
  }
}
