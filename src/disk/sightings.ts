/**
 * What each file of a tree looked like on the disk when it was known what is in it, in the order in which a tree is visited: as long as it
 * looks so, a save need not read it. As columns of numbers: there may be a million.
 */

import type { Stats } from 'node:fs';

import type { Window } from './scheduler.ts';
import { Rest, isYoung } from './tick.ts';

const FIRST_FILES = 1024;

/** Takes what a `WindowWriter` has written. */
export interface WrittenFiles {
  /** The files that are there by now are as they are to be. */
  filled(): void;
  /** All of a window is on the disk. */
  add(window: Window): void;
}

export class Sightings implements WrittenFiles {
  /** No file has the inode NaN. */
  #inode = new Float64Array(FIRST_FILES);
  #ctimeMs = new Float64Array(FIRST_FILES);
  #isWritten = new Uint8Array(FIRST_FILES);
  #count = 0;
  /** From here on the next file is looked for that was written. */
  #next = 0;
  /** By inode, the time of change of files since they were moved: a move counts as one. */
  readonly #moved = new Map<number, number>();
  readonly #rest = new Rest();

  /** The tree is visited from its start. */
  begin(): void {
    this.#count = 0;
  }

  /** The next file of the tree. @param stats of what is there, and was found to be equal; undefined: it has to be written */
  see(stats: Stats | undefined): void {
    if (this.#count === this.#inode.length) this.#grow();
    const isKnown = stats !== undefined && !isYoung(stats, Date.now());
    this.#inode[this.#count] = isKnown ? stats.ino : NaN;
    this.#ctimeMs[this.#count] = isKnown ? stats.ctimeMs : NaN;
    this.#isWritten[this.#count++] = stats === undefined ? 1 : 0;
  }

  /** What was seen will be written, from its start. */
  write(): void {
    this.#next = 0;
  }

  filled(): void {
    this.#rest.touched();
  }

  add({ schedule: { files }, unfinished }: Window): void {
    for (let row = 0; row < files.count; row++) {
      if (files.begunBefore[row] === 1) continue;
      while (this.#isWritten[this.#next] === 0) this.#next++;
      const file = this.#next++;
      // One that goes on in the next window is not known.
      if (row === unfinished) continue;
      this.#inode[file] = files.inode[row]!;
      this.#ctimeMs[file] = files.ctimeMs[row]!;
      this.#rest.saw(files.ctimeMs[row]!);
    }
  }

  /** A file was moved to its place, alone. @param stats right after that: who changes it from now on changes a time */
  readonly onMoved = ({ ino, ctimeMs }: Stats): void => {
    this.#moved.set(ino, ctimeMs);
    this.#rest.saw(ctimeMs);
    this.#rest.touched();
  };

  /** When this returns, each change of what was written or moved shows in its times. */
  async rest(): Promise<void> {
    await this.#rest.over();
  }

  /** Whether the file of that number in the tree is still what was seen. */
  matches(file: number, { ino, ctimeMs }: Stats): boolean {
    return this.#inode[file] === ino && (this.#moved.get(ino) ?? this.#ctimeMs[file]) === ctimeMs;
  }

  #grow(): void {
    const grown = <Column extends Float64Array | Uint8Array>(column: Column, larger: Column): Column => {
      larger.set(column);
      return larger;
    };
    const length = this.#count * 2;
    this.#inode = grown(this.#inode, new Float64Array(length));
    this.#ctimeMs = grown(this.#ctimeMs, new Float64Array(length));
    this.#isWritten = grown(this.#isWritten, new Uint8Array(length));
  }
}
