import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { collect } from '../testing/home.ts';
import { StillHome } from '../testing/snapshots.ts';
import { TestDatabases } from '../testing/vault.ts';
import { some } from '../vault/collected.fixture.ts';
import { clockFrom, forgetSnapshots, glanceAtClock, lookAtClock, readEvents } from './index.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async (name?: string) => StillHome.open(await databases.open(name));
const look = ({ database, world }: StillHome, accept = false) =>
  database.transaction((tx) => lookAtClock(tx, world, { accept }));
const records = ({ database }: StillHome) => database.kysely.selectFrom('clock').selectAll().execute();

async function leaps({ database }: StillHome, tenant = 'default') {
  const all = await collect(readEvents(database.kysely, tenant));
  return all.filter(({ kind }) => kind === 'clock.leapt').map(({ details }) => details);
}

it('[W33] a leap is told once, however often anybody looks; so is another one', async () => {
  const home = await open();
  await home.vault.tenant('other');
  await look(home);
  home.leap(3 * DAY);
  const until = new Date(home.now + HOUR).toISOString();
  for (let more = 0; more < 3; more++) {
    expect(await look(home)).toMatchObject({ believed: false, leap: 3 * DAY });
    home.now += 10_000;
  }
  const told = [{ leapSeconds: 3 * 24 * 3600, until }];
  expect(await leaps(home)).toEqual(told);
  expect(await leaps(home, 'other')).toEqual(told);
  home.now += HOUR;
  expect(await look(home)).toMatchObject({ believed: true, now: home.now });
  expect(await leaps(home)).toEqual(told);
  home.leap(2 * DAY);
  await look(home);
  expect(await leaps(home)).toHaveLength(2);
  expect(await records(home)).toHaveLength(1);
});

it('[W33] somebody can say that the clock is right', async () => {
  const home = await open();
  await look(home);
  home.leap(3 * DAY);
  expect(await look(home)).toMatchObject({ believed: false });
  expect(await look(home, true)).toMatchObject({ believed: true, now: home.now });
  expect(await look(home)).toMatchObject({ believed: true });
  home.leap(3 * DAY);
  expect(await look(home)).toMatchObject({ believed: false });
});

it('[W33] a glance changes nothing', async () => {
  const home = await open();
  expect(await glanceAtClock(home.database.kysely, home.world)).toMatchObject({ believed: true });
  expect(await records(home)).toEqual([]);
  await look(home);
  const before = await records(home);
  home.leap(3 * DAY);
  expect(await glanceAtClock(home.database.kysely, home.world)).toMatchObject({ believed: false });
  expect(await records(home)).toEqual(before);
  expect(await leaps(home)).toEqual([]);
});

it('[W33] several processes that look at once agree, and tell of it once', async () => {
  const home = await open('db-looked-at');
  const looker = async (ahead: number, passed: number, count: number) => {
    const fixture = join(import.meta.dirname, 'clock-looker.fixture.ts');
    const words = [fixture, databases.path('db-looked-at'), `${ahead}`, `${passed}`, `${count}`];
    const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
    return Buffer.concat(await child.stdout.toArray()).toString();
  };
  expect(await looker(0, 0, 1)).toBe('true\n');
  const several = (passed: number) => Promise.all([1, 2, 3].map(() => looker(2 * DAY, passed, 30)));
  expect(new Set(await several(0))).toEqual(new Set(['false\n'.repeat(30)]));
  expect(await leaps(home)).toHaveLength(1);
  expect(new Set(await several(2 * HOUR))).toEqual(new Set(['true\n'.repeat(30)]));
  expect(await leaps(home)).toHaveLength(1);
}, 60_000);

it('[W36] a rule about ages forgets nothing until the clock is believed; others do as always', async () => {
  const home = await open();
  for (const seed of ['a', 'b', 'c', 'd']) await home.save('web', some(seed));
  const forget = (rules: object) => forgetSnapshots(home.world, 'web', rules);
  expect(await forget({ keepWithin: HOUR })).toMatchObject({ forgotten: [], clock: undefined });
  home.leap(3 * DAY);
  const { now } = home;
  const doubt = { since: now, until: now + HOUR, leap: 3 * DAY };
  for (const rules of [{ dryRun: true }, {}, { keepLast: 1 }])
    expect(await forget({ ...rules, keepWithin: HOUR })).toMatchObject({ forgotten: [], clock: doubt });
  expect(await forget({ keepLast: 3 })).toMatchObject({ forgotten: [1], clock: undefined });
  expect(await forgetSnapshots(home.world, 'web@2')).toMatchObject({ forgotten: [2], clock: undefined });
  home.now += HOUR;
  expect(await forget({ keepWithin: HOUR })).toMatchObject({ forgotten: [3], clock: undefined });
});

it('[W36] after the clock was set back nothing is forgotten that would not have been before', async () => {
  const home = await open();
  for (const seed of ['a', 'b']) await home.save('web', some(seed));
  home.leap(-365 * DAY);
  expect(await forgetSnapshots(home.world, 'web', { keepWithin: 1 })).toMatchObject({ forgotten: [] });
});

it('[W33] a time that was believed goes on, whatever the clock is set to', async () => {
  const home = await open();
  const clock = clockFrom(home.now, home.world);
  const before = home.now;
  home.leap(10 * DAY);
  home.now += 5000;
  expect(clock()).toBe(before + 5000);
});
