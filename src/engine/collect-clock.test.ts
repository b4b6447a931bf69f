/** What a collection does when the clock has leapt. */

import { afterAll, describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect as all } from '../testing/home.ts';
import { StillHome } from '../testing/snapshots.ts';
import { contents } from '../testing/stores.ts';
import { TestDatabases } from '../testing/vault.ts';
import { DAY, HOUR, expectWhole, forget, some } from '../vault/collected.fixture.ts';
import { readEvents } from '../workspace/index.ts';
import { collectStore } from './collect.ts';
import type { CollectStoreOptions } from './store-face.ts';

const YEAR = 365 * DAY;

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const gc = (home: StillHome, options: CollectStoreOptions = {}) =>
  collectStore(home.vault, home.monotonic, options);

async function leaps({ database }: StillHome): Promise<number> {
  const events = await all(readEvents(database.kysely, 'default'));
  return events.filter(({ kind }) => kind === 'clock.leapt').length;
}

/** A home that was looked at, in which something is condemned and something is still to be. */
async function begin(): Promise<StillHome> {
  const home = await StillHome.open(await databases.open());
  await forget(home, await home.save('a', some('gone', 50_000)));
  await home.save('a', some('kept'));
  const first = await gc(home);
  expect(first).toMatchObject({ deletedBytes: 0, clock: undefined });
  expect(first.condemned.dead.bytes).toBeGreaterThan(50_000);
  await forget(home, await home.save('b', some('gone too', 50_000)));
  return home;
}

describe('[E84] a clock that leaps', () => {
  it.each([
    ['an hour', HOUR],
    ['23 hours', 23 * HOUR],
  ])('%s ahead: what is condemned for so long goes', async (_, leap) => {
    const home = await begin();
    home.leap(leap);
    const result = await gc(home);
    expect(result.clock).toBeUndefined();
    expect(result.deletedBytes).toBeGreaterThan(50_000);
    expect(result.waiting).toMatchObject([{ for: 'margin', until: home.now + HOUR }]);
    expect(await leaps(home)).toBe(0);
    await expectWhole(home, some('kept'));
  });

  it.each([
    ['25 hours', 25 * HOUR],
    ['three days', 3 * DAY],
    ['ten years', 10 * YEAR],
  ])('%s ahead: nothing goes until an hour has passed, whatever the margin', async (_, leap) => {
    const home = await begin();
    home.leap(leap);
    const noticed = home.now;
    const doubt = { since: noticed, until: noticed + HOUR, leap };
    const before = (await contents(home.store)).size;
    for (const waited of [0, HOUR / 2, HOUR / 2 - 1]) {
      home.now += waited;
      for (const dryRun of [true, false])
        expect(await gc(home, { margin: 0, dryRun })).toMatchObject({
          clock: doubt,
          dryRun: true,
          deletedObjects: 0,
        });
    }
    expect((await contents(home.store)).size).toBe(before);
    expect(await leaps(home)).toBe(1);
    home.now += 1;
    const result = await gc(home);
    expect(result).toMatchObject({ clock: undefined, dryRun: false, waiting: [{ for: 'margin' }] });
    expect(result.deletedBytes).toBeGreaterThan(50_000);
    home.now += HOUR;
    expect((await gc(home)).deletedBytes).toBeGreaterThan(50_000);
    await expectWhole(home, some('kept'));
  });

  it('an hour back: nothing goes before its time', async () => {
    const home = await begin();
    home.now += HOUR / 2;
    home.leap(-HOUR);
    // The vault knows of later times.
    await expectCode('refused', gc(home, { margin: 0 }));
    home.now += HOUR;
    expect(await gc(home)).toMatchObject({ clock: undefined, deletedBytes: 0 });
    home.now += HOUR / 2;
    expect((await gc(home)).deletedBytes).toBeGreaterThan(50_000);
  });

  it('ten years ahead, and is set right: nobody waits, and nothing went', async () => {
    const home = await begin();
    home.leap(10 * YEAR);
    expect(await gc(home)).toMatchObject({ clock: { leap: 10 * YEAR } });
    home.leap(-10 * YEAR);
    expect(await gc(home)).toMatchObject({ clock: undefined, deletedBytes: 0 });
    home.now += HOUR;
    expect((await gc(home)).deletedBytes).toBeGreaterThan(100_000);
  });

  it('while a collection goes on: it goes by the time that it began with', async () => {
    const home = await begin();
    // Between its look and the deletion.
    const tenants = home.vault.tenants.bind(home.vault);
    home.vault.tenants = async (options) => {
      home.leap(10 * YEAR);
      return tenants(options);
    };
    expect(await gc(home)).toMatchObject({ clock: undefined, deletedBytes: 0 });
    await expectWhole(home, some('kept'));
  });
});

it('[E84] somebody says that the clock is right: deletion goes on, also after years', async () => {
  const home = await begin();
  home.leap(10 * YEAR);
  const tried = await gc(home, { dryRun: true, acceptClock: true });
  expect(tried.clock).toBeUndefined();
  expect(await gc(home)).toMatchObject({ clock: { leap: 10 * YEAR }, deletedBytes: 0 });
  const result = await gc(home, { margin: 0, acceptClock: true });
  expect(result).toMatchObject({ clock: undefined, waiting: [] });
  expect(result.deletedBytes).toBeGreaterThan(100_000);
  await expectWhole(home, some('kept'));
});

it('[E84] time that has passed for sure is no leap, however long it was', async () => {
  const home = await begin();
  home.now += 90 * DAY;
  const result = await gc(home, { margin: 0 });
  expect(result).toMatchObject({ clock: undefined, waiting: [] });
  expect(result.deletedBytes).toBeGreaterThan(100_000);
});

it('[E84] over a reboot nobody knows what has passed', async () => {
  const home = await begin();
  home.leap(3 * DAY);
  home.boot = 'second boot';
  expect(await gc(home)).toMatchObject({ clock: { leap: 3 * DAY }, deletedBytes: 0 });
  home.now += HOUR / 2;
  home.boot = 'third boot';
  expect(await gc(home)).toMatchObject({ clock: { until: home.now + HOUR } });
  home.now += HOUR;
  expect((await gc(home)).deletedBytes).toBeGreaterThan(50_000);
});

it('[E84] what was written down by a clock that was ahead keeps nobody waiting who says that it is right now', async () => {
  const home = await begin();
  home.leap(YEAR);
  await gc(home, { acceptClock: true });
  await forget(home, await home.save('b', some('gone as well', 50_000)));
  await gc(home, { acceptClock: true });
  home.leap(-YEAR);
  await expectCode('refused', gc(home));
  expect(await gc(home, { acceptClock: true })).toMatchObject({
    waiting: [{ for: 'margin', until: home.now + HOUR }],
  });
  home.now += HOUR;
  expect(await gc(home, { acceptClock: true })).toMatchObject({ waiting: [] });
  await expectWhole(home, some('kept'));
});

it('[E84] layers of runs and caches wait as well', async () => {
  const home = await begin();
  const { database, tenant } = home;
  const id = toHex(tenant.id);
  await database.kysely
    .insertInto('caches')
    .values({ tenant: id, domain: 'd', key: 'k', layer: 'f'.repeat(32), created: home.now, used: home.now })
    .execute();
  const caches = async () => (await database.kysely.selectFrom('caches').selectAll().execute()).length;
  home.leap(YEAR);
  await gc(home);
  expect(await caches()).toBe(1);
  home.now += HOUR;
  await gc(home);
  expect(await caches()).toBe(0);
});
