/** What a collection does with each pack, decided from figures alone. */

import { toHex } from '../base/index.ts';
import { chooseToMerge } from './levels.ts';
import type { Levels } from './levels.ts';
import { PACK_TYPES } from './names.ts';
import { isNeeded } from './usage.ts';
import type { PackUsage } from './usage.ts';

/** A pack of which less is needed is written anew. */
const HALF = 0.5;
/** Stored bytes of all packs, at most, for each that is needed: beyond it also those that are more than half needed are written anew. */
const SLACK = 1.25;
/** Saves of a few files leave packs of some KiB; a pack is closed at 16 MiB. Each byte is written again at most five times. */
const LEVELS: Levels = { fan: 8, lowest: 64 * 1024, most: 16 * 1024 * 1024 };

export interface CollectionPlan {
  /** Nothing in them is needed. */
  readonly dead: readonly PackUsage[];
  /** What is needed of them is written anew: too little of it, or too few bytes for a pack. */
  readonly rewritten: readonly PackUsage[];
  readonly kept: readonly PackUsage[];
}

/** @param usages of all packs that do not stand apart */
export function planCollection(usages: readonly PackUsage[]): CollectionPlan {
  const dead = usages.filter((usage) => !isNeeded(usage));
  const used = usages.filter(isNeeded).toSorted((a, b) => a.live / a.stored - b.live / b.stored);
  const live = used.reduce((sum, usage) => sum + usage.live, 0);
  let stored = used.reduce((sum, usage) => sum + usage.stored, 0);
  const rewritten = new Set<PackUsage>();
  for (const usage of used) {
    const isSparse = usage.live < usage.stored * HALF;
    const isTooMuch = stored > live * SLACK && usage.live < usage.stored;
    if (!isSparse && !isTooMuch) break;
    rewritten.add(usage);
    stored += usage.live - usage.stored;
  }
  for (const type of PACK_TYPES) {
    const small = used
      .filter((usage) => usage.type === type && !rewritten.has(usage))
      .map((usage) => ({ usage, size: usage.stored }));
    for (const { usage } of chooseToMerge(small, LEVELS)) rewritten.add(usage);
  }
  return { dead, rewritten: [...rewritten], kept: used.filter((usage) => !rewritten.has(usage)) };
}

/** Their ids in hex. */
export function idsOf(usages: readonly PackUsage[]): ReadonlySet<string> {
  return new Set(usages.map(({ pack }) => toHex(pack)));
}
