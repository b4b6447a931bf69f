/** What a store is asked for and what that costs, month beside month. */

import type { StoreReport, TrafficFigures } from '../engine/index.ts';
import { formatBytes, formatCount, printable, table } from './format.ts';

const FIGURES = [
  ['put', ({ requests }) => formatCount(requests.put)],
  ['get', ({ requests }) => formatCount(requests.get)],
  ['list', ({ requests }) => formatCount(requests.list)],
  ['delete', ({ requests }) => formatCount(requests.delete)],
  ['of these failed', ({ requests }) => formatCount(requests.failed)],
  ['sent', ({ bytesUp }) => formatBytes(bytesUp)],
  ['received', ({ bytesDown }) => formatBytes(bytesDown)],
  ['from the cache', ({ cache }) => formatBytes(cache.bytesHit)],
  ['cache hits', ({ cache }) => share(cache.hits, cache.misses)],
] as const satisfies readonly (readonly [string, (figures: TrafficFigures) => string])[];

/** Nothing is counted for a store on a disk. */
export function trafficLines({ store, traffic, previousTraffic, cost }: StoreReport): string[] {
  if (traffic === undefined) return ['', 'No price is known for a store on a disk.'];
  const months = [traffic, ...(previousTraffic === undefined ? [] : [previousTraffic])];
  const rows = [
    ['asked of the store', ...months.map(({ month }, at) => (at === 0 ? `${month} so far` : month))],
    ...FIGURES.map(([name, tell]) => [name, ...months.map(tell)]),
  ];
  const of = (figure: 'requests' | 'transfer') => [
    formatDollars(cost?.[figure] ?? 0),
    ...(cost?.previousMonth === undefined ? [] : [formatDollars(cost.previousMonth[figure])]),
  ];
  if (cost !== undefined) {
    rows.push(
      ['requests cost', ...of('requests')],
      ['transfer costs', ...of('transfer')],
      ['a month of storage', formatDollars(cost.storage)],
      ['together', formatDollars(cost.total)],
    );
  }
  const price =
    cost === undefined ? `No price is known for ${printable(store)}.` : `The cost is ${cost.note}.`;
  return ['', ...table(rows, ['left', 'right', 'right']), '', price];
}

/** `93 %`; `–` where nothing was read. */
function share(hits: number, misses: number): string {
  return hits + misses === 0 ? '–' : `${Math.floor((100 * hits) / (hits + misses))} %`;
}

/** `$1,234.50`; what is less than a cent is told as that. */
export function formatDollars(amount: number): string {
  if (amount > 0 && amount < 0.005) return '< $0.01';
  const [whole, cents] = amount.toFixed(2).split('.');
  return `$${formatCount(Number(whole))}.${cents}`;
}
