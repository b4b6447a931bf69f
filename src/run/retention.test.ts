/** How long layers stay, and what stays of a run without them. */

import { existsSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { collect } from '../testing/home.ts';
import { LOCAL_MARGINS, collectTenant, verifyStore } from '../vault/index.ts';
import { cat, compare, exportArchive, restoreSnapshot } from '../workspace/index.ts';
import { DAY, openRunHome, reader, runOf, saver } from './run.fixture.ts';
import type { RunHome } from './run.fixture.ts';
import { expireLayers, removeRun } from './retention.ts';
import { showRun } from './view.ts';
import { explainRunPath } from './why.ts';

const file = runOf(saver('a', 'head -c 100000 /dev/urandom > noise'), reader('b', ['a'], 'wc -c < noise'));

const HOUR = DAY / 24;

const expire = (home: RunHome) => expireLayers(home.world, toHex(home.world.vault.id));
const layers = (home: RunHome) => home.world.database.kysely.selectFrom('layers').select('id').execute();

/** As often as it takes: what is condemned now goes with the next. */
async function collectAll(home: RunHome): Promise<number> {
  const world = { ...home.vault.world, clock: home.world.clock };
  const margins = { ...LOCAL_MARGINS, deletion: 0 };
  let live = 0;
  for (let n = 0; n < 3; n++) {
    live = (await collectTenant(world, home.world.vault, margins)).liveBytes;
    home.wait(1000);
  }
  return live;
}

it('[R50] the collector leaves the layers of a run alone until its time is over', async () => {
  const home = await openRunHome();
  const run = await home.start(file);
  expect(await collectAll(home)).toBeGreaterThan(100_000);
  expect((await home.files(`${run.id}#b`))['noise']).toBeDefined();
  expect(run.expires).toBe(run.ended! + 7 * DAY);
  home.wait(6.9 * DAY);
  expect(await expire(home)).toBe(0);
  home.wait(0.2 * DAY);
  expect(await expire(home)).toBe(1);
  expect(await expire(home)).toBe(0);
  expect(await layers(home)).toEqual([]);
  expect(await collectAll(home)).toBeLessThan(10_000);
});

it('[R50] a run without layers can be looked at as before', async () => {
  const home = await openRunHome();
  const run = await home.start(file);
  home.wait(8 * DAY);
  await expire(home);
  const seen = await showRun(home.world, run.id);
  expect(seen).toMatchObject({ result: 'success', expires: undefined });
  expect(seen.tasks.map(({ name, status, savedBytes }) => [name, status, savedBytes])).toEqual([
    ['a', 'success', 100_000],
    ['b', 'success', 0],
  ]);
  expect(await home.log(run.id)).toContain('100000\n');
});

it('[R53] who asks for layers whose time is over is told so, not that there are none', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('a', 'echo a > a'),
      reader('b', ['a']),
      saver('fails', 'echo f > f; exit 1'),
      '{ name: none, steps: [{ run: "true" }] }',
    ),
  );
  const { world } = home;
  const asked = {
    ls: () => home.files(`${run.id}#a`),
    whole: () => home.files(run.id),
    cat: () => collect(cat(world, `${run.id}#a:a`)),
    diff: () => collect(compare(world, `${run.id}#none`, `${run.id}#b`)),
    restore: () => restoreSnapshot(world, run.id, home.at('to')),
    export: () => exportArchive(world, run.id, async () => true),
    why: () => explainRunPath(world, `${run.id}:a`),
  };
  for (const ask of Object.values(asked)) await ask();
  rmSync(home.at('to'), { recursive: true });
  home.wait(8 * DAY);
  await expire(home);
  for (const [name, ask] of Object.entries(asked)) {
    const error = await failureOf(ask());
    expect([name, error]).toMatchObject([
      name,
      {
        code: 'not_found',
        message: `${run.id} has no layers any more: the time for which its layers are kept is over; it ended on ${new Date(run.ended!).toISOString()}`,
        hint: expect.stringContaining('--from-start'),
      },
    ]);
  }
  expect(existsSync(home.at('to'))).toBe(false);
  // Of these nobody would see a layer.
  expect(await home.files(`${run.id}#none`)).toEqual({});
  expect(await home.files(`${run.id}#fails`)).toEqual({});
  await expectCode('task_not_found', home.files(`${run.id}#nope`));
});

it('[R50] layers that another run has taken over stay as long as that one', async () => {
  const home = await openRunHome();
  const run = await home.start(file);
  home.wait(5 * DAY);
  const again = await home.restart(run.id, { mode: { tasks: ['b'] } });
  home.wait(3 * DAY);
  expect(await expire(home)).toBe(0);
  expect(Object.keys(await home.files(`${again.id}#b`))).toEqual(['noise']);
  await expectCode('not_found', home.files(run.id));
  home.wait(5 * DAY);
  expect(await expire(home)).toBe(1);
});

it('[R50] a run that goes on has no end of its time', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(file);
  home.wait(100 * DAY);
  expect(await expire(home)).toBe(0);
  await conductor.run();
  expect((await showRun(home.world, conductor.id)).result).toBe('success');
});

it('[R32] a cache that nobody has used for a month is gone, and one that is used stays', async () => {
  const home = await openRunHome();
  const save = (key: string) =>
    `{ name: ${key}, steps: [{ run: "echo ${key} > f" }, { save_cache: { key: ${key}, contents: [{}] } }] }`;
  const restore = runOf('{ name: r, steps: [{ restore_cache: { keys: [used] } }] }');
  await home.start(runOf(save('used'), save('unused')));
  home.wait(20 * DAY);
  await home.start(restore);
  home.wait(11 * DAY);
  await expire(home);
  const keys = await home.world.database.kysely.selectFrom('caches').select('key').execute();
  expect(keys).toEqual([{ key: 'used' }]);
  expect(await layers(home)).toHaveLength(1);
  await collectAll(home);
  const run = await home.start(restore);
  expect(await home.log(run.id)).toContain('restored cache used');
});

it('[R52] after a leap of the clock layers and caches stay for an hour, however old they look', async () => {
  const home = await openRunHome();
  const save = '{ name: s, steps: [{ run: "echo c > c" }, { save_cache: { key: k, contents: [{}] } }] }';
  await home.start(file);
  await home.start(runOf(save));
  expect(await expire(home)).toBe(0);
  home.leap(3650 * DAY);
  for (const waited of [0, 0.5, 0.4]) {
    home.wait(waited * HOUR);
    expect(await expire(home)).toBe(0);
  }
  expect(await layers(home)).toHaveLength(2);
  home.wait(0.1 * HOUR);
  expect(await expire(home)).toBe(2);
});

it('[R52] a clock that was set back, or ahead by less than a day, keeps nobody waiting', async () => {
  const home = await openRunHome();
  await home.start(file);
  expect(await expire(home)).toBe(0);
  home.leap(-HOUR);
  expect(await expire(home)).toBe(0);
  home.wait(6.5 * DAY);
  home.leap(HOUR);
  expect(await expire(home)).toBe(0);
  home.leap(23 * HOUR);
  expect(await expire(home)).toBe(1);
});

it.each(['before', 'after'] as const)(
  '[R32] a collection %s a cache is announced to be read: it is missed, or read to its end',
  async (moment) => {
    const home = await openRunHome();
    const { vault } = home.world;
    const make = '{ run: "head -c 100000 /dev/urandom > noise" }';
    await home.start(runOf(`{ name: s, steps: [${make}, { save_cache: { key: k-old, contents: [{}] } }] }`));
    // Not by the clock, which would end what is announced as well.
    await home.world.database.kysely.updateTable('caches').set({ used: 0 }).execute();
    let live = Infinity;
    const pin = vault.pin.bind(vault);
    // What others do in this moment, done for sure. What was announced earlier is not meant.
    vault.pin = async (lookUp, options) => {
      const isMeant = existsSync(home.at('begun'));
      const collectNow = async () => {
        await expire(home);
        live = await collectAll(home);
      };
      if (isMeant && moment === 'before') await collectNow();
      const pinned = await pin(lookUp, options);
      if (isMeant && moment === 'after') await collectNow();
      return pinned;
    };
    const steps = `[{ run: "echo > ${home.at('begun')}" }, { restore_cache: { keys: [k-] } }, { run: ls }]`;
    const run = await home.start(runOf(`{ name: r, steps: ${steps} }`));
    expect(run.result).toBe('success');
    expect(await home.log(run.id)).toMatch(
      moment === 'before' ? /^no cache for k-\n$/ : /^restored cache k-old, 1 file, 97\.7 KB, .*\nnoise\n$/,
    );
    expect(await layers(home)).toEqual([]);
    // What is read is condemned, and not deleted yet.
    expect(live).toBeLessThan(100_000);
  },
);

it('[R51] a run that is removed is gone with its rows, its logs and its layers, but not before it has ended', async () => {
  const home = await openRunHome();
  const other = await home.start(file);
  const conductor = await home.begin(file);
  await expectCode('refused', removeRun(home.world, conductor.id));
  await conductor.run();
  await removeRun(home.world, conductor.id);
  await expectCode('run_not_found', showRun(home.world, conductor.id));
  await expectCode('run_not_found', removeRun(home.world, conductor.id));
  await expectCode('run_not_found', home.log(conductor.id));
  expect(await layers(home)).toHaveLength(1);
  expect(Object.keys(await home.files(other.id))).toEqual(['noise']);
  expect((await verifyStore(home.vault, { readData: true })).problems).toEqual([]);
});
