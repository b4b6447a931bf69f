/** The names in a directory on disk, of which a tree claims its own: what nobody claims is foreign to it. */

import type { Names } from './at.ts';

export class Claims {
  readonly #names: Names;
  /** A bit for each name: of a million, strings would take 60 MB. */
  readonly #claimed: Uint8Array;
  #left: number;
  /** Where the next name is looked for: a tree is visited in the order of names, but links come after all others. */
  readonly #next = { link: 0, other: 0 };

  /** @param ignored names that are nobody's business */
  constructor(names: Names, ignored: readonly string[] = []) {
    this.#names = names;
    this.#claimed = new Uint8Array(Math.ceil(names.length / 8));
    this.#left = names.length;
    if (ignored.length === 0) return;
    for (let at = 0; at < names.length; at++) if (ignored.includes(names.at(at)!)) this.#mark(at);
  }

  /** Whether there is a name that nobody has claimed. */
  get isLeft(): boolean {
    return this.#left > 0;
  }

  /** @returns whether there is such a name */
  claim(name: Uint8Array, kind: 'link' | 'other'): boolean {
    const text = Buffer.from(name).toString('latin1');
    let at = this.#next[kind];
    let found = this.#names.at(at);
    while (found !== undefined && found < text) found = this.#names.at(++at);
    this.#next[kind] = at;
    if (found !== text) return false;
    this.#mark(at);
    return true;
  }

  /** One character a byte. */
  *unclaimed(): Generator<string, void> {
    for (let at = 0; at < this.#names.length; at++) if (!this.#has(at)) yield this.#names.at(at)!;
  }

  #has(at: number): boolean {
    return (this.#claimed[at >> 3]! & (1 << (at & 7))) !== 0;
  }

  #mark(at: number): void {
    if (this.#has(at)) return;
    this.#claimed[at >> 3]! |= 1 << (at & 7);
    this.#left--;
  }
}
