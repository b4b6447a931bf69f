import { describe, expect, it } from 'vitest';

import { NO_TRAFFIC } from '../store/index.ts';
import { parseConfig } from './config.ts';
import { costOf, pricesFor } from './cost.ts';
import { GCS_PRICES, PRICES_AS_OF, S3_PRICES } from './prices.ts';
import { composed } from './store-report.ts';

const GB = 2 ** 30;
const STATS = {
  workspaces: 1,
  snapshots: 1,
  layers: 0,
  files: 1,
  logicalBytes: 1,
  uniqueBytes: 1,
  packedBytes: 1,
  storedBytes: 100 * GB,
  packs: 1,
  chunks: 1,
  deduplication: 1,
  compression: 1,
};
const MONTH = { ...NO_TRAFFIC, month: '2026-11' };

describe('what a store costs', () => {
  it('[E82] at Google: the example of its own price page', () => {
    // 50 GB, 10,000 operations of class A, 50,000 of class B, 1 GB out.
    const month = { ...MONTH, puts: 9000, lists: 1000, gets: 50_000, bytesDown: GB };
    const cost = costOf(GCS_PRICES, 50 * GB, [month]);
    expect(cost).toMatchObject({ storage: 1, requests: 0.07, transfer: 0.12, total: 1.19 });
    expect(cost.previousMonth).toBeUndefined();
  });

  it('[E82] at Amazon: deletes, what goes up, and what the cache has cost nothing', () => {
    const before = { ...NO_TRAFFIC, month: '2026-10', puts: 1_000_000, bytesDown: 1000 * GB };
    const month = {
      ...MONTH,
      puts: 10_000,
      lists: 2000,
      gets: 1_000_000,
      deletes: 10 ** 9,
      failed: 500,
      bytesUp: 10 ** 12,
      bytesDown: 10 * GB,
      hits: 10 ** 6,
      bytesHit: 10 ** 12,
      misses: 9,
      bytesMissed: 99,
    };
    // 12 × 0.005 + 1000 × 0.0004; 10 × 0.09; 100 × 0.023; before: 1000 × 0.005, 1000 × 0.09.
    expect(costOf(S3_PRICES, 100 * GB, [month, before])).toMatchObject({
      currency: 'USD',
      asOf: PRICES_AS_OF,
      storage: 2.3,
      requests: 0.46,
      transfer: 0.9,
      total: 3.66,
      previousMonth: { requests: 5, transfer: 90 },
    });
  });

  it('[E82] is said to be an estimate, of what, and as of when', () => {
    const { note } = costOf(S3_PRICES, 0, [MONTH]);
    for (const part of [
      'estimate',
      'us-east-1',
      PRICES_AS_OF,
      S3_PRICES.page,
      'this home',
      'free tiers',
      'taxes',
    ])
      expect(note).toContain(part);
    expect(PRICES_AS_OF).toMatch(/^20\d\d-\d\d$/);
  });

  it.each([
    ['provider: local', {}, undefined],
    ['provider: s3, s3: { bucket: b }', {}, S3_PRICES],
    ['provider: s3, s3: { bucket: b, region: eu-west-1 }', { AWS_ENDPOINT_URL: '' }, S3_PRICES],
    ['provider: s3, s3: { bucket: b, region: cn-north-1 }', {}, undefined],
    ['provider: s3, s3: { bucket: b, endpoint: "http://s3.example.org" }', {}, undefined],
    ['provider: s3, s3: { bucket: b }', { AWS_ENDPOINT_URL: 'http://s3.example.org' }, undefined],
    ['provider: s3, s3: { bucket: b }', { AWS_ENDPOINT_URL_S3: 'http://s3.example.org' }, undefined],
    ['provider: gcs, gcs: { bucket: b }', {}, GCS_PRICES],
    ['provider: gcs, gcs: { bucket: b, endpoint: "http://gcs.example.org" }', {}, undefined],
    ['provider: gcs, gcs: { bucket: b }', { STORAGE_EMULATOR_HOST: 'http://localhost:9023' }, undefined],
  ])('[E82] is known for public services alone: %s, %o', async (storage, env, prices) => {
    const source = { file: '/c/strata.yaml', shown: 'strata.yaml', text: `storage: { ${storage} }\n` };
    const config = await parseConfig(source, { home: '/h', user: '/u' });
    expect(pricesFor(config.storage, env)).toBe(prices);
  });

  it('[E82] stands beside what the store was asked for', () => {
    const months = [
      { ...MONTH, puts: 1, gets: 2, lists: 3, deletes: 4, failed: 5, bytesUp: 6, bytesDown: 7 },
    ] as const;
    const report = composed(STATS, { label: 'S3 bucket b', prices: S3_PRICES, months });
    expect(report).toEqual({
      ...STATS,
      store: 'S3 bucket b',
      traffic: {
        month: '2026-11',
        requests: { put: 1, get: 2, list: 3, delete: 4, failed: 5 },
        bytesUp: 6,
        bytesDown: 7,
        cache: { hits: 0, misses: 0, bytesHit: 0, bytesMissed: 0 },
      },
      previousTraffic: undefined,
      cost: costOf(S3_PRICES, 100 * GB, months),
    });
    const elsewhere = composed(STATS, { label: 'S3 bucket b at http://x', prices: undefined, months });
    expect(elsewhere).toMatchObject({ traffic: report.traffic, cost: undefined });
  });
});
