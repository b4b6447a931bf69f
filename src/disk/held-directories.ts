/** Open directories that files are still to be read from, after the walk has gone on. */

import { closeSync } from 'node:fs';

interface Held {
  uses: number;
  /** The walk is done with it: the last use closes it. */
  left: boolean;
}

export class HeldDirectories implements Disposable {
  readonly #held = new Map<number, Held>();

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  /** One more use of an open directory. */
  hold(fd: number): void {
    const held = this.#held.get(fd);
    if (held === undefined) this.#held.set(fd, { uses: 1, left: false });
    else held.uses++;
  }

  /** One use less. */
  release(fd: number): void {
    const held = this.#held.get(fd);
    if (held === undefined || --held.uses > 0) return;
    this.#held.delete(fd);
    if (held.left) closeSync(fd);
  }

  /** Instead of closing it: that has to wait for its uses. */
  readonly leave = (fd: number): void => {
    const held = this.#held.get(fd);
    if (held === undefined) closeSync(fd);
    else held.left = true;
  };

  /** For when nobody reads any more. The walk's own are closed by the walk. */
  [Symbol.dispose](): void {
    for (const [fd, { left }] of this.#held) if (left) closeSync(fd);
    this.#held.clear();
  }
}
