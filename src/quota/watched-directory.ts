/** A directory whose limit somebody has to look after, where no kernel keeps all of it. */

import type { Cancellable } from '../base/index.ts';
import { biggestIn } from './biggest.ts';
import { Ceiling, untilExceeded } from './gauge.ts';
import type { Gauge } from './gauge.ts';
import type { Place } from './place.ts';
import type { LimitedDirectory, MeansName } from './quota.ts';
import { isHardlyAny } from './room.ts';

export async function watchedDirectory(
  means: MeansName,
  { files }: Place,
  limit: number,
  gauge: Gauge,
  options: Cancellable,
): Promise<LimitedDirectory> {
  const ceiling = new Ceiling(limit, await gauge.count(options));
  return {
    directory: files,
    means,
    limit,
    used: (counting = {}) => gauge.count(counting),
    async isFull(counting = {}) {
      return isHardlyAny(limit - (await gauge.count(counting)), limit);
    },
    exceeded: (signal, writers) => untilExceeded(gauge, ceiling, signal, writers),
    biggest: (count, looking) => biggestIn(files, count, looking),
  };
}
