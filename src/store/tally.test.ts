import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Sealed } from '../chunk/index.ts';
import { failureOf } from '../testing/expect-code.ts';
import type { Fault } from '../testing/fault.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';
import type { FaultProxy } from '../testing/fault-proxy.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import type { GcsFake } from '../testing/gcs-fake.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { openGcsStore } from './gcs.ts';
import { retrying } from './retrying.ts';
import { openS3Store } from './s3.ts';
import { names, sealed } from './store.contract.ts';
import type { Store } from './store.ts';
import { NO_TRAFFIC, Tally } from './tally.ts';
import type { Traffic } from './tally.ts';

const JULY = Date.UTC(2026, 6, 31, 23, 59, 59, 999);
const AUGUST = JULY + 1;

/** All that was counted, whatever the month. */
function figuresOf(tally: Tally): Traffic {
  const [first = { month: '', ...NO_TRAFFIC }, ...more] = tally.take();
  expect(more).toEqual([]);
  const { month: _, ...figures } = first;
  return figures;
}

/** What the service was asked, in our words. */
function seenBy({ requests }: FaultProxy): Partial<Traffic> {
  const of = (...kinds: ('put' | 'get' | 'look' | 'list' | 'delete')[]) =>
    kinds.reduce((sum, kind) => sum + (requests.get(kind) ?? 0), 0);
  return { puts: of('put'), gets: of('get', 'look'), lists: of('list'), deletes: of('delete') };
}

const bytes = (length: number) => new Uint8Array(length).fill(7) as Sealed;

/** Every kind of call, with each answer that is not a failure. */
async function useAll(store: Store, at: string): Promise<{ up: number; down: number }> {
  const [a, empty] = [`${at}/a`, `${at}/empty`];
  expect(await store.put(a, [bytes(300_000), bytes(5)])).toBe('created');
  expect(await store.put(empty, [])).toBe('created');
  expect(await store.put(a, [bytes(1)])).toBe('exists');
  await store.get(a);
  await store.get(a, { range: { offset: 10, length: 1000 } });
  expect((await failureOf(store.get(`${at}/none`))).code).toBe('not_found');
  expect((await failureOf(store.get(a, { range: { offset: 10 ** 6, length: 1 } }))).code).toBe('integrity');
  expect(await store.size(a)).toBe(300_005);
  expect(await store.size(`${at}/none`)).toBeUndefined();
  expect(await names(store, `${at}/`)).toEqual([a, empty]);
  await store.delete(a);
  await store.delete(`${at}/none`);
  return { up: 300_005 + 1, down: 300_005 + 1000 };
}

/** Those that no try gets over: half of an answer may still say that there is no such object. */
const FAULTS_TO_COUNT: readonly Fault[] = [
  'reset',
  'reset in request',
  'status 500',
  'status 503',
  'lost answer',
  'done and 500',
];

describeWith(['radosgw'], 'what goes to a real S3 service', () => {
  let service: Radosgw;
  let proxy: FaultProxy;
  beforeAll(async () => {
    service = await startRadosgw();
    await service.bucket('bucket');
    proxy = await startFaultProxy(service.endpoint, 4);
  });
  afterAll(async () => {
    await proxy?.[Symbol.asyncDispose]();
    await service?.[Symbol.asyncDispose]();
  });

  const open = (tally: Tally) => {
    proxy.requests.clear();
    proxy.happened.clear();
    const { credentials } = service;
    return openS3Store({ bucket: 'bucket', endpoint: proxy.endpoint, credentials }, { tally });
  };

  it('[S51] is counted as the service sees it: requests by kind, and the bytes of objects', async () => {
    const tally = new Tally();
    const { up, down } = await useAll(open(tally), 'all');
    const figures = figuresOf(tally);
    expect(figures).toMatchObject({ ...seenBy(proxy), failed: 0, bytesUp: up, bytesDown: down });
    expect(figures).toMatchObject({ puts: 3, gets: 6, lists: 1, deletes: 2 });
  });

  it('[S51] is counted with each page and each try that fails', async () => {
    const tally = new Tally();
    const store = open(tally);
    const all = Array.from({ length: 1001 }, (_, at) => `many/${at}`);
    for (let at = 0; at < all.length; at += 50)
      await Promise.all(all.slice(at, at + 50).map((name) => store.put(name, sealed('x'))));
    expect(figuresOf(tally)).toMatchObject({ puts: 1001, bytesUp: 1001 });
    expect(await names(store, 'many/')).toHaveLength(1001);
    expect(figuresOf(tally)).toEqual({ ...NO_TRAFFIC, lists: 2 });

    const patient = retrying(open(tally), { first: 1, most: 2 });
    proxy.rules = [{ faults: FAULTS_TO_COUNT, rate: 0.4 }];
    for (let round = 0; round < 10; round++) await useAll(patient, `round/${round}`);
    proxy.rules = [];
    const happened = [...proxy.happened.values()].reduce((sum, count) => sum + count, 0);
    expect(figuresOf(tally)).toMatchObject({ ...seenBy(proxy), failed: happened });
    expect(happened).toBeGreaterThan(30);
  });

  it('[S51] is counted as failed when an answer breaks off', async () => {
    const tally = new Tally();
    const store = open(tally);
    await store.put('broken', [bytes(100_000)]);
    proxy.rules = [{ faults: ['truncated'], rate: 1 }];
    await failureOf(store.get('broken'));
    proxy.rules = [];
    const { bytesDown, ...figures } = figuresOf(tally);
    expect(figures).toMatchObject({ puts: 1, gets: 1, failed: 1, bytesUp: 100_000 });
    expect(bytesDown).toBeLessThanOrEqual(50_000);
  });

  it('[S51] is counted, and not as failed, when the caller gives up', async () => {
    const tally = new Tally();
    const store = open(tally);
    proxy.rules = [{ faults: ['stall'], rate: 1 }];
    const given = await failureOf(store.get('a', { signal: AbortSignal.timeout(50) }));
    proxy.rules = [];
    expect(given.code).toBe('cancelled');
    expect(figuresOf(tally)).toEqual({ ...NO_TRAFFIC, gets: 1 });
  });
});

describe('what goes to Google', () => {
  let fake: GcsFake;
  let proxy: FaultProxy;
  beforeAll(async () => {
    fake = await startGcsFake();
    fake.bucket('bucket');
    proxy = await startFaultProxy(fake.endpoint, 5);
  });
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await fake[Symbol.asyncDispose]();
  });

  const open = (tally: Tally) => {
    proxy.requests.clear();
    proxy.happened.clear();
    return openGcsStore({ bucket: 'bucket', endpoint: proxy.endpoint }, { tally });
  };

  it('[S51] is counted as the service sees it: requests by kind, and the bytes of objects', async () => {
    const tally = new Tally();
    const { up, down } = await useAll(open(tally), 'all');
    const figures = figuresOf(tally);
    expect(figures).toMatchObject({ ...seenBy(proxy), failed: 0, bytesUp: up, bytesDown: down });
    // What is not there is asked for again by a listing.
    expect(figures).toMatchObject({ puts: 3, gets: 6, lists: 4, deletes: 2 });
  });

  it('[S51] is counted with each page and each try that fails', async () => {
    const tally = new Tally();
    for (let at = 0; at < 2001; at++) fake.place('bucket', `many/${at}`, bytes(1));
    expect(await names(open(tally), 'many/')).toHaveLength(2001);
    expect(figuresOf(tally)).toEqual({ ...NO_TRAFFIC, lists: 3 });

    const patient = retrying(open(tally), { first: 1, most: 2 });
    proxy.rules = [{ faults: FAULTS_TO_COUNT, rate: 0.4 }];
    for (let round = 0; round < 10; round++) await useAll(patient, `round/${round}`);
    proxy.rules = [];
    const happened = [...proxy.happened.values()].reduce((sum, count) => sum + count, 0);
    expect(figuresOf(tally)).toMatchObject({ ...seenBy(proxy), failed: happened });
    expect(happened).toBeGreaterThan(30);
  });
});

describe('a tally', () => {
  it('[S51] counts by the months of UTC, and gives each figure once', () => {
    let now = JULY;
    const tally = new Tally(() => now);
    tally.request('write');
    tally.onHit(10);
    now = AUGUST;
    tally.request('look at');
    tally.request('read');
    tally.onMiss(20);
    const july = { ...NO_TRAFFIC, month: '2026-07', puts: 1, hits: 1, bytesHit: 10 };
    const august = { ...NO_TRAFFIC, month: '2026-08', gets: 2, misses: 1, bytesMissed: 20 };
    const taken = tally.take();
    expect(taken).toEqual([july, august]);
    expect(tally.take()).toEqual([]);
    tally.request('write');
    tally.giveBack(taken);
    expect(tally.take()).toEqual([{ ...august, puts: 1 }, july]);
  });

  it('[S51] counts bytes when they go and when they have come, whatever they wait for', async () => {
    const tally = new Tally();
    const stuck = () => Promise.reject(new Error('given up'));
    const line = tally.over({ up: stuck, down: stuck });
    await Promise.allSettled([line.up(5), line.down(7)]);
    expect(figuresOf(tally)).toEqual({ ...NO_TRAFFIC, bytesDown: 7 });
  });
});
