import { describe, expect, it } from 'vitest';

import type { StoreReport, TrafficFigures } from '../engine/index.ts';
import { formatDollars, trafficLines } from './store-traffic.ts';

const STATS = {
  workspaces: 1,
  snapshots: 1,
  layers: 0,
  files: 1,
  logicalBytes: 1,
  uniqueBytes: 1,
  packedBytes: 1,
  storedBytes: 1,
  packs: 1,
  chunks: 1,
  deduplication: 1,
  compression: 1,
};

const monthOf = (month: string, put: number): TrafficFigures => ({
  month,
  requests: { put, get: 1234, list: 2, delete: 0, failed: 3 },
  bytesUp: 2 ** 30,
  bytesDown: 3 * 2 ** 20,
  cache: { hits: 199, misses: 1, bytesHit: 2 ** 31, bytesMissed: 5 },
});

const REPORT: StoreReport = {
  ...STATS,
  store: 'S3 bucket b',
  traffic: monthOf('2026-11', 12),
  previousTraffic: undefined,
  cost: {
    currency: 'USD',
    asOf: '2025-12',
    storage: 1234.5,
    requests: 0.001,
    transfer: 0,
    total: 1234.501,
    previousMonth: undefined,
    note: 'an estimate',
  },
};

describe('the traffic of a store', () => {
  it('[C32] is told with its cost', () => {
    expect(trafficLines(REPORT)).toEqual([
      '',
      'asked of the store  2026-11 so far',
      'put                             12',
      'get                          1,234',
      'list                             2',
      'delete                           0',
      'of these failed                  3',
      'sent                        1.0 GB',
      'received                    3.0 MB',
      'from the cache              2.0 GB',
      'cache hits                    99 %',
      'requests cost              < $0.01',
      'transfer costs               $0.00',
      'a month of storage       $1,234.50',
      'together                 $1,234.50',
      '',
      'The cost is an estimate.',
    ]);
  });

  it('[C32] has the month before beside it', () => {
    const cost = { ...REPORT.cost!, previousMonth: { requests: 0.5, transfer: 7 } };
    const previousTraffic = monthOf('2026-10', 99_999);
    const lines = trafficLines({ ...REPORT, previousTraffic, cost }).join('\n');
    expect(lines).toMatch(/^asked of the store {2}2026-11 so far {2}2026-10$/m);
    expect(lines).toMatch(/^put +12 {3}99,999$/m);
    expect(lines).toMatch(/^transfer costs +\$0\.00 {4}\$7\.00$/m);
    expect(lines).toMatch(/^a month of storage +\$1,234\.50$/m);
  });

  it('[C32] says for what no price is known', () => {
    const elsewhere = { ...REPORT, store: 'S3 bucket b at http://\u001bx', cost: undefined };
    const lines = trafficLines(elsewhere);
    expect(lines.at(-1)).toBe('No price is known for S3 bucket b at http://\\x1bx.');
    expect(lines.join('\n')).not.toContain('$');
    expect(trafficLines({ ...REPORT, traffic: undefined, cost: undefined })).toEqual([
      '',
      'No price is known for a store on a disk.',
    ]);
  });

  it('[C32] dollars', () => {
    expect([0, 0.004, 0.005, 1, 999.999, 1234567.891].map(formatDollars)).toEqual([
      '$0.00',
      '< $0.01',
      '$0.01',
      '$1.00',
      '$1,000.00',
      '$1,234,567.89',
    ]);
  });
});
