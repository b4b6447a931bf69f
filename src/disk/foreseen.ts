/**
 * Directories as somebody else has just found them, for a walk that comes later; and such in memory that threads share: one writes them one
 * after another, the other looks for the one where it is. Memory is all there is of it, so what is foreseen is bounded, and is at most a part.
 */

import type { Stats } from 'node:fs';

import type { Names } from './at.ts';

/** Of a file or link what tells whether it was changed; of a directory that it is one. */
export type Seen = Pick<Stats, 'mode' | 'uid' | 'ino' | 'size' | 'mtimeMs' | 'ctimeMs'>;

/** A directory that was listed, with a look at everything in it. */
export interface Listing {
  /** As `manyNamesIn` gives them. */
  readonly names: Names;
  /** Of each name; undefined if it was gone. */
  at(index: number): Seen | undefined;
}

/** Of directories that somebody else is ahead in. */
export interface Lookout {
  /**
   * By path, since that is what tells what is in a directory: its inode may be found in several places, with others mounted below it, and
   * some have more digits than a number.
   *
   * @param path from the directory that is walked, whose own is empty; `/` in front of each name, one character a byte
   * @param stats of the directory there, which is open
   * @returns undefined if nothing is known of it, or it was changed since
   */
  listing(path: string, stats: Stats): Listing | undefined;
}

/** Of a path, characters: each directory has all those above it in its own, and they may be thousands deep. */
const LONGEST = 4096;

/** Whether anything is ever known of a path. */
export function isKnowable(path: string): boolean {
  return path.length <= LONGEST;
}

type Listed = Pick<Stats, 'dev' | 'ino' | 'mtimeMs' | 'ctimeMs'>;

/** Whether a directory is the one that was listed at its path, and as it was then. */
export function isSameListed(one: Listed, other: Listed): boolean {
  return (
    one.dev === other.dev &&
    one.ino === other.ino &&
    one.mtimeMs === other.mtimeMs &&
    one.ctimeMs === other.ctimeMs
  );
}

export interface ForeseenShare {
  readonly records: SharedArrayBuffer;
  readonly state: SharedArrayBuffer;
}

/** 70 to 100 bytes each: these are 100,000 files. */
const BYTES = 8 * 1024 * 1024;

/** Of a record in numbers: device, inode, time of content, time of change, how many names, how many bytes of path and names, how many of path. */
const HEAD = 7;
/** Of each name, behind that: mode, owner, inode, size, time of content, time of change; 0 for all if it was gone. */
const FACTS = 6;
/** The path and the names follow, one byte a character, with what no name has between the names. */
const BETWEEN = '/';

/** In the state: how many numbers were written, and whether nobody wants more. */
const WRITTEN = 0;
const ENDED = 1;

const NUMBER_BYTES = Float64Array.BYTES_PER_ELEMENT;

export function foreseenState(): SharedArrayBuffer {
  return new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
}

/** It is all touched, which takes as long as looking at thousands of files where page faults are dear: for whoever has the time. */
export function foreseenShare(state: SharedArrayBuffer): ForeseenShare {
  return { records: new SharedArrayBuffer(BYTES), state };
}

/** Nobody wants more. */
export function endForeseeing(state: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(state), ENDED, 1);
}

export class ForeseenWriter {
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;
  readonly #state: Int32Array;

  constructor({ records, state }: ForeseenShare) {
    this.#numbers = new Float64Array(records);
    this.#bytes = Buffer.from(records);
    this.#state = new Int32Array(state);
  }

  get isEnded(): boolean {
    return Atomics.load(this.#state, ENDED) === 1;
  }

  /** @param directory as it was before it was listed @returns false if there is no room for it */
  add(
    path: string,
    directory: Stats,
    names: readonly string[],
    seen: readonly (Stats | undefined)[],
  ): boolean {
    const text = path + names.join(BETWEEN);
    const numbers = this.#numbers;
    const start = Atomics.load(this.#state, WRITTEN);
    const textAt = start + HEAD + FACTS * names.length;
    const end = textAt + Math.ceil(text.length / NUMBER_BYTES);
    if (end > numbers.length) return false;
    const { dev, ino, mtimeMs, ctimeMs } = directory;
    numbers.set([dev, ino, mtimeMs, ctimeMs, names.length, text.length, path.length], start);
    for (const [index, stats] of seen.entries()) {
      if (stats === undefined) continue;
      const { mode, uid, size } = stats;
      numbers.set([mode, uid, stats.ino, size, stats.mtimeMs, stats.ctimeMs], start + HEAD + FACTS * index);
    }
    this.#bytes.write(text, textAt * NUMBER_BYTES, 'latin1');
    Atomics.store(this.#state, WRITTEN, end);
    return true;
  }
}

export class ForeseenReader implements Lookout {
  readonly #numbers: Float64Array;
  readonly #bytes: Buffer;
  readonly #state: Int32Array;
  /** Where the record of a directory starts, by path. */
  readonly #starts = new Map<string, number>();
  #known = 0;

  constructor({ records, state }: ForeseenShare) {
    this.#numbers = new Float64Array(records);
    this.#bytes = Buffer.from(records);
    this.#state = new Int32Array(state);
  }

  listing(path: string, stats: Stats): Listing | undefined {
    const numbers = this.#numbers;
    this.#learn(Atomics.load(this.#state, WRITTEN));
    const start = this.#starts.get(path);
    if (start === undefined) return undefined;
    const listed = {
      dev: numbers[start]!,
      ino: numbers[start + 1]!,
      mtimeMs: numbers[start + 2]!,
      ctimeMs: numbers[start + 3]!,
    };
    if (!isSameListed(listed, stats)) return undefined;
    const count = numbers[start + 4]!;
    const textAt = (start + HEAD + FACTS * count) * NUMBER_BYTES;
    const text = this.#bytes.toString('latin1', textAt + path.length, textAt + numbers[start + 5]!);
    return {
      names: count === 0 ? [] : text.split(BETWEEN),
      at(index) {
        const at = start + HEAD + FACTS * index;
        const mode = numbers[at]!;
        if (mode === 0) return undefined;
        return {
          mode,
          uid: numbers[at + 1]!,
          ino: numbers[at + 2]!,
          size: numbers[at + 3]!,
          mtimeMs: numbers[at + 4]!,
          ctimeMs: numbers[at + 5]!,
        };
      },
    };
  }

  #learn(written: number): void {
    const numbers = this.#numbers;
    while (this.#known < written) {
      const start = this.#known;
      const end = start + HEAD + FACTS * numbers[start + 4]!;
      const textAt = end * NUMBER_BYTES;
      this.#starts.set(this.#bytes.toString('latin1', textAt, textAt + numbers[start + 6]!), start);
      this.#known = end + Math.ceil(numbers[start + 5]! / NUMBER_BYTES);
    }
  }
}
