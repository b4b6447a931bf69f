/** The figures of the store: what is in it, what it is asked for, and what that costs. */

import type { MonthOfTraffic } from '../store/index.ts';
import type { Prices } from './prices.ts';
import type { Months } from './traffic.ts';
import { storeStats } from '../workspace/index.ts';
import type { StoreStats } from '../workspace/index.ts';
import { DEFAULT_REGION } from './config-regions.ts';
import { costOf, pricesFor } from './cost.ts';
import type { StoreCost } from './cost.ts';
import type { Home } from './home.ts';
import type { InRegion } from './regions.ts';

/** What this home asked a service for in a month. */
export interface TrafficFigures {
  /** `2026-11`, by UTC. */
  readonly month: string;
  readonly requests: {
    readonly put: number;
    /** Of objects, their parts and their sizes. */
    readonly get: number;
    /** One for each thousand names. */
    readonly list: number;
    readonly delete: number;
    /** Tries of all these that ended without a good answer. */
    readonly failed: number;
  };
  /** Of objects. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  /** Reads that were answered here, and those that were not. */
  readonly cache: {
    readonly hits: number;
    readonly misses: number;
    readonly bytesHit: number;
    readonly bytesMissed: number;
  };
}

export interface StoreReport extends StoreStats {
  /** How it is named: `local store /srv/strata`, `S3 bucket b`. */
  readonly store: string;
  /** Of this month so far; undefined for a store on a disk, where nothing is counted. */
  readonly traffic: TrafficFigures | undefined;
  /** Of the month before; undefined if nothing was asked for. */
  readonly previousTraffic: TrafficFigures | undefined;
  /** Undefined if no price is known. */
  readonly cost: StoreCost | undefined;
}

/** What there is to know of a store besides what is in it. */
export interface AskedStore {
  readonly label: string;
  readonly prices: Prices | undefined;
  /** Undefined: nothing is counted. */
  readonly months: Months | undefined;
}

export async function storeReport(home: Home, options: InRegion = {}): Promise<StoreReport> {
  const { region = DEFAULT_REGION } = options;
  const world = await home.world('read', options);
  const stats = await storeStats(world, options);
  const { label } = home.regions.store(region);
  const place = home.regions.place(region);
  if (place.provider === 'local') return composed(stats, { label, prices: undefined, months: undefined });
  const traffic = home.regions.traffic(region);
  // Our own requests too.
  await traffic.write(options);
  const months = await traffic.months(world.database, label);
  return composed(stats, { label, prices: pricesFor(place, home.keyWorld.env), months });
}

export function composed(stats: StoreStats, { label, prices, months }: AskedStore): StoreReport {
  const [now, before] = months ?? [];
  return {
    ...stats,
    store: label,
    traffic: now && figuresOf(now),
    previousTraffic: before && figuresOf(before),
    cost: prices && months && costOf(prices, stats.storedBytes, months),
  };
}

function figuresOf(month: MonthOfTraffic): TrafficFigures {
  const { puts, gets, lists, deletes, failed, bytesUp, bytesDown } = month;
  const { hits, misses, bytesHit, bytesMissed } = month;
  return {
    month: month.month,
    requests: { put: puts, get: gets, list: lists, delete: deletes, failed },
    bytesUp,
    bytesDown,
    cache: { hits, misses, bytesHit, bytesMissed },
  };
}
