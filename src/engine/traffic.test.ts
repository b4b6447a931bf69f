import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

import { openSqlite } from '../db/index.ts';
import type { Database } from '../db/index.ts';
import { NO_TRAFFIC } from '../store/index.ts';
import { startFaultProxy } from '../testing/fault-proxy.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import { loadConfig } from './config-file.ts';
import { Home } from './home.ts';
import { newPlace, save, using } from './place.fixture.ts';
import { TrafficBook } from './traffic.ts';

const JULY = Date.UTC(2026, 6, 31, 23, 59, 59, 999);
const STORE = 'S3 bucket b';
const base = mkdtempSync(join(tmpdir(), 'strata-traffic-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let count = 0;
const newPath = () => join(base, String(count++), 'strata.db');

async function rowsOf(database: Database) {
  return database.kysely.selectFrom('traffic').selectAll().orderBy('month').execute();
}

describe('what was asked of a store', () => {
  it('[E81] is added up by the database, whoever counted it', async () => {
    const path = newPath();
    await using database = await openSqlite(path);
    const script = join(import.meta.dirname, 'traffic.fixture.ts');
    const run = promisify(execFile);
    const args = [script, path, STORE, String(JULY), '25'];
    await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, args)));
    const book = new TrafficBook({ clock: () => JULY });
    const sum = { puts: 100, gets: 100, hits: 100, bytesHit: 100_000, bytesUp: 100 * 2 ** 20 };
    expect(await book.months(database, STORE)).toEqual([{ ...NO_TRAFFIC, month: '2026-07', ...sum }]);
    expect(await book.months(database, 'S3 bucket other')).toEqual([{ ...NO_TRAFFIC, month: '2026-07' }]);
  });

  it('[E81] has each month for itself, and tells this one and the one before', async () => {
    await using database = await openSqlite(newPath());
    let now = Date.UTC(2026, 4, 1);
    await using book = new TrafficBook({ clock: () => now });
    book.open(database, STORE);
    // May; then July and August are counted by one process that goes on, and written at once.
    book.tally.request('list');
    await book.write();
    now = JULY;
    book.tally.request('write');
    now = JULY + 1;
    book.tally.request('read');
    book.tally.request('look at');
    await book.write();
    expect((await rowsOf(database)).map(({ month }) => month)).toEqual(['2026-05', '2026-07', '2026-08']);
    const [august, july] = await book.months(database, STORE);
    expect(august).toEqual({ ...NO_TRAFFIC, month: '2026-08', gets: 2 });
    expect(july).toEqual({ ...NO_TRAFFIC, month: '2026-07', puts: 1 });
    now = Date.UTC(2027, 0, 1);
    expect(await book.months(database, STORE)).toEqual([{ ...NO_TRAFFIC, month: '2027-01' }]);
    now = Date.UTC(2026, 5, 1);
    expect(await book.months(database, STORE)).toEqual([
      { ...NO_TRAFFIC, month: '2026-06' },
      { ...NO_TRAFFIC, month: '2026-05', lists: 1 },
    ]);
  });

  it('[E81] is kept for the next time when it cannot be written, and no call fails', async () => {
    const path = newPath();
    const lines: string[] = [];
    await using database = await openSqlite(path);
    await using other = await openSqlite(path);
    await using book = new TrafficBook({ clock: () => JULY, log: (line) => lines.push(line) });
    book.tally.request('write');
    await book.write();
    book.open(database, STORE);
    await other.transaction(async (tx) => {
      await tx.insertInto('migrations').values({ number: 98, applied: 0 }).execute();
      await book.write({ signal: AbortSignal.timeout(200) });
    });
    expect(lines.join()).toContain('traffic was not written down');
    expect(await rowsOf(database)).toEqual([]);
    book.tally.request('write');
    await Promise.all([book.write(), book.write()]);
    expect(await rowsOf(database)).toMatchObject([{ puts: 2, gets: 0, store: STORE }]);
  });

  it('[E81] is lost where nothing can be written, without a word', async () => {
    const lines: string[] = [];
    await using database = await openSqlite(newPath());
    {
      await using book = new TrafficBook({ log: (line) => lines.push(line) });
      book.open({ ...database, readOnly: true }, STORE);
      book.tally.request('write');
      await book.write();
    }
    expect([await rowsOf(database), lines]).toEqual([[], []]);
  });

  it('[E81] is written when a home is closed; nothing is where nothing was counted', async () => {
    const place = newPlace();
    await save(place);
    const config = await loadConfig({ home: place.home, env: {}, cwd: place.home });
    const path = join(place.home, 'db', 'strata.db');
    const close = async (counted: boolean) => {
      await using home = new Home(config, { env: {}, cwd: place.home });
      if (counted) home.regions.traffic('default').tally.request('write');
      await home.vault('read');
    };
    await close(false);
    await using database = await openSqlite(path);
    expect(await rowsOf(database)).toEqual([]);
    await close(true);
    expect(await rowsOf(database)).toMatchObject([
      { puts: 1, store: expect.stringMatching(/^local store /) },
    ]);
  });

  it('[E81] does not keep a process alive', async () => {
    const script = `
      import { openSqlite } from ${JSON.stringify(join(import.meta.dirname, '../db/index.ts'))};
      import { TrafficBook } from ${JSON.stringify(join(import.meta.dirname, 'traffic.ts'))};
      new TrafficBook().open(await openSqlite(${JSON.stringify(newPath())}), 'S3 bucket b');`;
    const ended = promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(
      await Promise.race([ended.then(() => 'ended'), sleep(20_000, 'still there', { ref: false })]),
    ).toBe('ended');
  });

  it('[E81] is what the service has seen of all that a home did', async () => {
    await using fake = await startGcsFake();
    fake.bucket('b');
    await using proxy = await startFaultProxy(fake.endpoint);
    const place = newPlace(`storage: { provider: gcs, gcs: { bucket: b, endpoint: "${proxy.endpoint}" } }\n`);
    await save(place);
    proxy.rules = [{ faults: ['status 503'], rate: 0.5 }];
    await using(place, (engine) => engine.workspaces.restore('web', place.out()));
    proxy.rules = [];
    const stats = await using(place, ({ store }) => store.stats());
    const { put = 0, get = 0, look = 0, list = 0, delete: deleted = 0 } = Object.fromEntries(proxy.requests);
    const failed = proxy.happened.get('status 503') ?? 0;
    expect(stats.traffic?.requests).toEqual({ put, get: get + look, list, delete: deleted, failed });
    expect([put > 3, get > 3, list > 1, failed > 0]).toEqual([true, true, true, true]);
    // All that is stored went up once.
    expect(stats.traffic?.bytesUp).toBeGreaterThanOrEqual(stats.storedBytes);
    expect(stats).toMatchObject({ store: `GCS bucket b at ${proxy.endpoint}`, previousTraffic: undefined });
    expect(stats.cost).toBeUndefined();
  });

  it('[E82] a store on a disk has no traffic and no cost', async () => {
    const place = newPlace();
    await save(place);
    const stats = await using(place, ({ store }) => store.stats());
    expect(stats).toMatchObject({ snapshots: 1, store: expect.stringMatching(/^local store /) });
    expect([stats.traffic, stats.previousTraffic, stats.cost]).toEqual([undefined, undefined, undefined]);
  });
});
