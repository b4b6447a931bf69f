/** What a store costs, as far as one can tell by list prices and by what this home asks of it. */

import type { MonthOfTraffic } from '../store/index.ts';
import type { Months } from './traffic.ts';
import { endpointVariable } from './config-place.ts';
import type { PlaceConfig } from './config-place.ts';
import type { KeyWorld } from './root-keys.ts';
import { GCS_PRICES, PRICES_AS_OF, S3_PRICES } from './prices.ts';
import type { Prices } from './prices.ts';

/** Of what was asked for in a month. US dollars. */
export interface TrafficCost {
  /** As if each one that failed were billed too. */
  readonly requests: number;
  /** If all that came crossed the internet: within the region of the store it is free. */
  readonly transfer: number;
}

/** An estimate. US dollars. */
export interface StoreCost extends TrafficCost {
  readonly currency: 'USD';
  /** `2025-12`: when the prices were read. */
  readonly asOf: string;
  /** A month of all that is stored now. */
  readonly storage: number;
  /** Of a month's storage, and of the requests and the transfer of this month so far. */
  readonly total: number;
  readonly previousMonth: TrafficCost | undefined;
  /** Which prices these are, and what is not in them. */
  readonly note: string;
}

const GB = 2 ** 30;

/** @returns undefined for what has no public price: a disk, and a service at an endpoint of its own */
export function pricesFor(place: PlaceConfig, env: KeyWorld['env']): Prices | undefined {
  const { provider, s3, gcs } = place;
  if (endpointVariable(place, env) !== undefined) return undefined;
  switch (provider) {
    case 'local':
      return undefined;
    case 's3':
      if (s3?.endpoint !== undefined) return undefined;
      // Amazon's regions in China bill in another currency.
      return s3?.region?.startsWith('cn-') === true ? undefined : S3_PRICES;
    case 'gcs':
      return gcs?.endpoint !== undefined ? undefined : GCS_PRICES;
  }
}

/** @param storedBytes of all objects */
export function costOf(prices: Prices, storedBytes: number, [month, before]: Months): StoreCost {
  const storage = dollars((storedBytes / GB) * prices.storedGb);
  const { requests, transfer } = trafficCost(prices, month);
  return {
    currency: 'USD',
    asOf: PRICES_AS_OF,
    storage,
    requests,
    transfer,
    total: dollars(storage + requests + transfer),
    previousMonth: before && trafficCost(prices, before),
    note:
      `an estimate by the list prices of ${prices.of} as of ${PRICES_AS_OF} (${prices.page}), of what this home asked for: ` +
      'other regions and classes differ; transfer is free within the region; free tiers, minimum durations, discounts and taxes are left out',
  };
}

function trafficCost(prices: Prices, { puts, gets, lists, bytesDown }: MonthOfTraffic): TrafficCost {
  return {
    requests: dollars(((puts + lists) * prices.thousandChanges + gets * prices.thousandReads) / 1000),
    transfer: dollars((bytesDown / GB) * prices.sentOutGb),
  };
}

/** To a millionth. */
function dollars(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}
