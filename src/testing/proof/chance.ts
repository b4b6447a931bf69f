/** Choices that follow from a seed alone: the same on each machine, so a case that failed can be run again. */

export class Chance {
  #state: number;

  constructor(seed: number | string) {
    const start = typeof seed === 'number' ? seed : hashOf(seed);
    this.#state = (start ^ 0x9e3779b9) >>> 0;
    for (let at = 0; at < 4; at++) this.below(2);
  }

  /** From 0 to 1, without 1. */
  fraction(): number {
    // mulberry32: 32 bits of state, and good enough that no two neighbouring seeds look alike.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let word = this.#state;
    word = Math.imul(word ^ (word >>> 15), word | 1);
    word ^= word + Math.imul(word ^ (word >>> 7), word | 61);
    return ((word ^ (word >>> 14)) >>> 0) / 0x1_0000_0000;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit);
  }

  bytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => this.below(256));
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

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
