/**
 * A store whose objects are kept on the local disk as they are read and put, for one that is far away. Objects never change and names are
 * never given twice, so what was kept stays right; it is verified all the same whenever it is read. Everything but reading objects goes
 * to the store: what is there, and how long it is, only the store knows. An object that another process deletes may be read here for a
 * while longer.
 *
 * A cache may be shared by any number of processes, and lost or spoiled at any time: a failure of it is none of the store.
 */

import { isAbsolute } from 'node:path';

import { StrataError, systemClock, systemRandom, throwIfAborted } from '../base/index.ts';
import type { Clock, Log, Random } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Draft } from './cache-draft.ts';
import { Shelf } from './cache-shelf.ts';
import { checkRange } from './error.ts';
import { checkName } from './name.ts';
import type { Body, Store } from './store.ts';

export interface CacheOptions {
  /** Absolute; made with those above it when something is kept. Caches of several stores may share one. */
  readonly directory: string;
  /** Tells this store from every other one, wherever it is: what is kept under one identity is given to nobody else. */
  readonly identity: string;
  /** Bytes on the disk, for this store; what is being written comes on top. An entry has at most a quarter of it. */
  readonly most: number;
  /** Which objects are kept; all others pass by. */
  readonly keeps: (name: string) => boolean;
  /** Which of them are kept only when they are asked for a second time: most are read once, and writing them down costs as much. */
  readonly hesitates?: (name: string) => boolean;
  /** Which of them are kept already when they are put. Default: all. */
  readonly keepsPut?: (name: string) => boolean;
  /** Told of bytes that were read from the cache. */
  readonly onHit?: (bytes: number) => void;
  /** Told of bytes that had to be read from the store, though they would be kept. */
  readonly onMiss?: (bytes: number) => void;
  /** Told when the cache is out of use for a while. */
  readonly log?: Log;
  readonly now?: Clock;
  readonly random?: Random;
}

/** @throws bad_input: no absolute directory, or no number of bytes */
export function cached(store: Store, options: CacheOptions): Store {
  const { directory, most, keeps, keepsPut = keeps, hesitates, onHit, onMiss } = options;
  if (!isAbsolute(directory))
    throw new StrataError('bad_input', `the directory of a cache has to be absolute: ${directory}`);
  if (!Number.isSafeInteger(most) || most < 0)
    throw new StrataError('bad_input', `${most} is no number of bytes for a cache`);
  const { log = () => {}, now = systemClock, random = systemRandom } = options;
  const shelf = new Shelf({ directory, identity: options.identity, most, log, now, random });

  return {
    ...store,
    itself: store,

    async put(name, body, putOptions = {}) {
      checkName(name);
      if (!keeps(name) || !keepsPut(name)) return store.put(name, body, putOptions);
      if (Array.isArray(body)) {
        const answer = await store.put(name, body, putOptions);
        // Without the signal: the object is there, and its caller should know.
        if (answer === 'created') await shelf.keep(name, undefined, body, {});
        return answer;
      }
      using passing = new Passing(shelf, name);
      const answer = await store.put(name, passing.through(body), putOptions);
      if (answer === 'created') await passing.keep();
      return answer;
    },

    async get(name, getOptions = {}) {
      checkName(name);
      const { range, signal } = getOptions;
      checkRange(range);
      throwIfAborted(signal);
      // Where there is no byte, only the store knows whether the place is in the object.
      if (!keeps(name) || range?.length === 0) return store.get(name, getOptions);
      const kept = await shelf.read(name, getOptions);
      if (kept !== undefined) {
        onHit?.(kept.length);
        return kept;
      }
      const bytes = await store.get(name, getOptions);
      onMiss?.(bytes.length);
      if (hesitates?.(name) === true && !shelf.wasAskedFor(name, range)) return bytes;
      await shelf.keep(name, range, [bytes], { signal });
      return bytes;
    },

    async delete(name, deleteOptions = {}) {
      checkName(name);
      try {
        await store.delete(name, deleteOptions);
      } finally {
        // Also if that failed: its answer may have been lost.
        if (keeps(name)) shelf.drop(name);
      }
    },
  };
}

/** A body that is written down as it passes: each part is gone when the next is asked for. */
class Passing implements Disposable {
  readonly #shelf: Shelf;
  readonly #name: string;
  #draft: Draft | undefined;
  #isWhole = false;

  constructor(shelf: Shelf, name: string) {
    this.#shelf = shelf;
    this.#name = name;
  }

  async *through(body: Body): AsyncIterable<Sealed> {
    this.#draft = this.#shelf.begin();
    for await (const part of body) {
      if (this.#draft !== undefined && !this.#shelf.add(this.#draft, this.#name, part)) this.#discard();
      yield part;
    }
    this.#isWhole = true;
  }

  async keep(): Promise<void> {
    if (this.#isWhole && this.#draft !== undefined) await this.#shelf.publish(this.#draft, this.#name);
  }

  [Symbol.dispose](): void {
    this.#discard();
  }

  #discard(): void {
    this.#draft?.[Symbol.dispose]();
    this.#draft = undefined;
  }
}
