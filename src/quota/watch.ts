/** No more than looking: it works everywhere, and says when somebody has to stop the writers. */

import type { Cancellable } from '../base/index.ts';
import { countBytes } from './count.ts';
import type { Gauge } from './gauge.ts';
import { PlaceLock } from './lock.ts';
import type { Means } from './means.ts';
import { makeFiles, makeLimited, placeAt, removePlace, roomAt } from './place.ts';
import type { Place } from './place.ts';
import { checkLimit } from './room.ts';
import { watchedDirectory } from './watched-directory.ts';

export const watch: Means = {
  name: 'watch',
  needs: 'It takes du and find (apt-get install coreutils findutils).',

  whyNot: (_, tryOut) => tryOut(),

  async open(path, limit, options = {}) {
    checkLimit(limit);
    const place = placeAt(path);
    using _ = await PlaceLock.make(place, options);
    makeLimited(place);
    makeFiles(place);
    // Awaited here: it is locked until this function returns.
    return await watchedDirectory('watch', place, limit, new DiskGauge(place), options);
  },

  async close() {},

  async remove(path, options = {}) {
    const place = placeAt(path);
    using lock = await PlaceLock.find(place, options);
    if (lock !== undefined) await removePlace(place);
  },
};

/**
 * Guesses by what the whole disk has less since the last count. That may have been others; but what others give back at the same moment can hide
 * only what was written between two looks. It may be asked and told by several at once.
 */
export class DiskGauge implements Gauge {
  readonly #place: Place;
  #counted = 0;
  #grown = 0;
  #free = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  guess(): number {
    const free = this.#room();
    this.#grown += Math.max(0, this.#free - free);
    this.#free = free;
    return this.#counted + this.#grown;
  }

  async count(options: Cancellable): Promise<number> {
    // What comes while it is counted is counted twice, rather than never.
    const free = this.#room();
    const counted = await countBytes(this.#place.limited, options);
    this.startFrom(counted, free);
    return counted;
  }

  /** @param free bytes of the disk, when that many were counted */
  startFrom(counted: number, free = this.#room()): void {
    this.#counted = counted;
    this.#grown = 0;
    this.#free = free;
  }

  /** Of the whole disk: beside the files, for which there may be a quota. */
  #room(): number {
    return roomAt(this.#place.path).free;
  }
}
