/** The table of stores: every one passes the same suite. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';

import { FAULTS } from '../testing/fault.ts';
import type { Fault } from '../testing/fault.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';
import { flaky } from '../testing/flaky.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Need } from '../testing/requirement.ts';
import { cached } from './cached.ts';
import type { CacheOptions } from './cached.ts';
import { openGcsStore } from './gcs.ts';
import { limited } from './limited.ts';
import { openLocalStore } from './local.ts';
import { openMemoryStore } from './memory.ts';
import { retrying } from './retrying.ts';
import { openS3Store } from './s3.ts';
import { storeContract } from './store.contract.ts';
import type { StoreCase } from './store.contract.ts';
import type { Store } from './store.ts';

interface Row {
  readonly needs: readonly Need[];
  /** An empty store, another one each time. */
  readonly open: () => Promise<Store>;
  /** Cases that it cannot be put through, each with the reason. */
  readonly cannot?: Partial<Record<StoreCase, string>>;
}

const base = mkdtempSync(join(tmpdir(), 'strata-stores-'));
let count = 0;
const stop: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const each of stop) await each();
  rmSync(base, { recursive: true });
});

/** Made by the first case that asks for it. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}

const radosgw = once(async () => {
  const service = await startRadosgw();
  stop.push(async () => service[Symbol.asyncDispose]());
  await service.bucket('stores');
  return service;
});

const gcs = once(async () => {
  const fake = await startGcsFake();
  stop.push(async () => fake[Symbol.asyncDispose]());
  fake.bucket('stores');
  return fake;
});

/** What a store cannot see: bytes that are others, a listing of yesterday, a deletion that comes later. Those with the keys see it. */
const INVISIBLE: ReadonlySet<Fault> = new Set(['corrupt answer', 'shortened', 'stale list', 'late']);

/** In front of a service; it is told nothing that only the service could notice. */
async function faulty(endpoint: string, unnoticed: readonly Fault[]): Promise<string> {
  const proxy = await startFaultProxy(endpoint, count);
  stop.push(async () => proxy[Symbol.asyncDispose]());
  const faults = FAULTS.filter((fault) => !INVISIBLE.has(fault) && !unnoticed.includes(fault));
  proxy.rules = [{ faults, rate: 0.2 }];
  // A check that sees nothing must not pass.
  stop.push(async () => expect([...proxy.happened.keys()].sort()).toEqual([...faults].sort()));
  return proxy.endpoint;
}

const faultyRadosgw = once(async () => faulty((await radosgw()).endpoint, []));
const faultyGcs = once(async () => faulty((await gcs()).endpoint, ['corrupt request']));
const HASTE = { first: 5, most: 50 };

/** Of the stores that share a place each is another one. */
function cacheAt(place: string, most: number): CacheOptions {
  return { directory: join(base, place), identity: `${count++}`, most, keeps: () => true };
}

const STORES: Readonly<Record<string, Row>> = {
  memory: { needs: [], open: async () => openMemoryStore() },
  local: { needs: [], open: async () => openLocalStore(join(base, `${count++}`)) },
  'retrying, over one that fails often': {
    needs: [],
    open: async () => retrying(flaky(openMemoryStore(), 0.4, count++), { pause: async () => {} }),
  },
  'limited to one request': { needs: [], open: async () => limited(openMemoryStore(), { requests: 1 }) },
  'cached, and everything is kept': {
    needs: [],
    open: async () => cached(openMemoryStore(), cacheAt(`cache-${count++}`, 64 * 1024 * 1024)),
  },
  'cached in a place that is too small': {
    needs: [],
    open: async () => cached(openMemoryStore(), cacheAt('small', 64 * 1024)),
  },
  'GCS (a fake of its API)': {
    needs: [],
    async open() {
      const { endpoint } = await gcs();
      return openGcsStore({ bucket: 'stores', prefix: `store-${count++}`, endpoint });
    },
  },
  'GCS, with a fault in every fifth request': {
    needs: [],
    async open() {
      const place = { bucket: 'stores', prefix: `store-${count++}`, endpoint: await faultyGcs() };
      return retrying(openGcsStore(place, { idle: 300 }), HASTE);
    },
  },
  'S3 (radosgw), with a fault in every fifth request': {
    needs: ['radosgw'],
    async open() {
      const { credentials } = await radosgw();
      const place = {
        bucket: 'stores',
        prefix: `store-${count++}`,
        endpoint: await faultyRadosgw(),
        credentials,
      };
      return retrying(openS3Store(place, { idle: 500 }), HASTE);
    },
  },
  'S3 (radosgw)': {
    needs: ['radosgw'],
    async open() {
      const { endpoint, credentials } = await radosgw();
      return openS3Store({ bucket: 'stores', prefix: `store-${count++}`, endpoint, credentials });
    },
  },
};

/** The clouds themselves, for whoever has a bucket there: the suite fills it, below a prefix of its own, and empties it again. */
const LIVE = `strata-tests-${Date.now()}`;
const [liveS3, liveGcs] = [process.env['STRATA_TEST_S3_BUCKET'], process.env['STRATA_TEST_GCS_BUCKET']];
const live: Record<string, Row> = {};
if (liveS3 !== undefined && liveS3 !== '')
  live['S3 (live)'] = emptied((prefix) => openS3Store({ bucket: liveS3, prefix }));
if (liveGcs !== undefined && liveGcs !== '')
  live['GCS (live)'] = emptied((prefix) => openGcsStore({ bucket: liveGcs, prefix }));

function emptied(open: (prefix: string) => Store): Row {
  return {
    needs: [],
    async open() {
      const store = retrying(open(`${LIVE}/${count++}`));
      stop.push(async () => {
        for await (const { name } of store.list('')) await store.delete(name);
      });
      return store;
    },
  };
}

for (const [name, { needs, open, cannot }] of Object.entries({ ...STORES, ...live }))
  describeWith(needs, name, () => storeContract(name, open, cannot));
