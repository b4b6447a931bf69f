/** No more than looking: it works everywhere, and says when somebody has to stop the writers. */

import type { Cancellable } from '../base/index.ts';
import { biggestIn } from './biggest.ts';
import { countBytes } from './count.ts';
import { untilExceeded } from './gauge.ts';
import type { Gauge } from './gauge.ts';
import { PlaceLock } from './lock.ts';
import type { Means } from './means.ts';
import { makeFiles, makeLimited, placeAt, removePlace, roomAt } from './place.ts';
import type { Place } from './place.ts';
import type { LimitedDirectory } from './quota.ts';
import { checkLimit, isHardlyAny } from './room.ts';

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
    return directoryAt(place, limit);
  },

  async close() {},

  async remove(path, options = {}) {
    const place = placeAt(path);
    using lock = await PlaceLock.find(place, options);
    if (lock !== undefined) await removePlace(place);
  },
};

function directoryAt({ path, limited, files }: Place, limit: number): LimitedDirectory {
  return {
    directory: files,
    means: 'watch',
    limit,
    used: (options = {}) => countBytes(limited, options),
    async isFull(options = {}) {
      return isHardlyAny(limit - (await countBytes(limited, options)), limit);
    },
    async exceeded(signal, writers) {
      // Over the limit already, whoever comes may delete, and must not add.
      const before = await countBytes(limited, { signal });
      return untilExceeded(new DiskGauge(path, limited), Math.max(limit, before), signal, writers);
    },
    biggest: (count, options) => biggestIn(files, count, options),
  };
}

/**
 * Guesses by what the whole disk has less since the last count. That may have been others; but what others give back at the same moment can hide
 * only what was written between two looks.
 */
export class DiskGauge implements Gauge {
  readonly #disk: string;
  readonly #directory: string;
  #counted = 0;
  #grown = 0;
  #free = 0;

  /** @param disk a directory on it that no quota is for */
  constructor(disk: string, directory: string) {
    this.#disk = disk;
    this.#directory = directory;
  }

  guess(): number {
    const { free } = roomAt(this.#disk);
    this.#grown += Math.max(0, this.#free - free);
    this.#free = free;
    return this.#counted + this.#grown;
  }

  async count(options: Cancellable): Promise<number> {
    // What comes while it is counted is counted twice, rather than never.
    const { free } = roomAt(this.#disk);
    this.startFrom(await countBytes(this.#directory, options), free);
    return this.#counted;
  }

  /** @param free bytes of the disk, when that many were counted */
  startFrom(counted: number, free = roomAt(this.#disk).free): void {
    this.#counted = counted;
    this.#grown = 0;
    this.#free = free;
  }
}
