import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { listSnapshots, restoreSnapshot } from '../workspace/index.ts';
import { checkpointSession } from './checkpoint.ts';
import { doWhatIsQuick, doWhatIsSlow } from './due.ts';
import { renewLeases } from './lease.ts';
import { becomeRunner } from './runner-rows.ts';
import { resumeSession } from './resume.ts';
import { contentsOf, openSessionHome } from './session.fixture.ts';
import { suspendSession } from './suspend.ts';
import { showSession } from './view.ts';

const LEASE = 60_000;

it('[N9] a runner that is lost leaves its sessions suspended, and goes on with its files when it is back', async () => {
  const { runner, create, exec, contents, pass, events } = await openSessionHome();
  const home = await runner();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  await exec(west, 'web', 'echo 1 > a');
  pass(LEASE / 2);
  await renewLeases(west);
  pass(LEASE - 1000);
  await doWhatIsQuick(home);
  expect(await showSession(home, 'web')).toMatchObject({ state: 'active', runner: 'west' });
  pass(2000);
  await doWhatIsQuick(home);
  expect(await showSession(home, 'web')).toMatchObject({
    state: 'suspended',
    runner: undefined,
    lastRunner: 'west',
    synced: false,
    reason: 'runner_lost',
  });
  await expectCode('not_synced', resumeSession(east, 'web'));
  await resumeSession(west, 'web');
  expect(await contents(west, 'web')).toEqual({ a: '1\n' });
  expect(await showSession(home, 'web')).toMatchObject({ state: 'active', reason: undefined });
  expect(await events()).toContain('session.runner_lost web');
});

it('[N9] one that is back syncs what it has by itself', async () => {
  const { runner, create, exec, contents, pass } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  await exec(west, 'web', 'echo 1 > a');
  pass(LEASE + 1);
  await doWhatIsQuick(east);
  await doWhatIsSlow(west);
  expect(await showSession(west, 'web')).toMatchObject({ state: 'suspended', synced: true, snapshot: 2 });
  await resumeSession(east, 'web');
  expect(await contents(east, 'web')).toEqual({ a: '1\n' });
});

it('[N9] a shared volume is seen by all runners of the region', async () => {
  const { runner, create, exec, contents, pass, place } = await openSessionHome();
  const baseDir = join(place, 'shared');
  const west = await runner('west', { lease: LEASE, baseDir });
  const near = await runner('near', { lease: LEASE, baseDir });
  await create(west, 'web', { mobility: 'shared' });
  await exec(west, 'web', 'echo 1 > a');
  pass(LEASE + 1);
  await doWhatIsQuick(near);
  await doWhatIsSlow(near);
  await resumeSession(near, 'web');
  expect(await contents(near, 'web')).toEqual({ a: '1\n' });
});

it('[N9] runners that share nothing do not take what is older for what is unsaved', async () => {
  const { runner, create, exec, contents, pass } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const near = await runner('near', { lease: LEASE });
  await create(near, 'web', { mobility: 'shared' });
  await exec(near, 'web', 'echo 1 > a');
  await suspendSession(near, 'web');
  await resumeSession(west, 'web');
  await exec(west, 'web', 'echo 2 > a');
  pass(LEASE + 1);
  await doWhatIsQuick(near);
  await expectCode('not_synced', resumeSession(near, 'web'));
  await resumeSession(west, 'web');
  expect(await contents(west, 'web')).toEqual({ a: '2\n' });
});

it('[N10] a directory that is resumed while it is found to be of no use stays', async () => {
  const { runner, create, exec, contents, pass } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  await exec(west, 'web', 'echo 1 > a');
  pass(LEASE + 1);
  await doWhatIsQuick(east);
  await resumeSession(east, 'web', { acceptLoss: true });
  let isBack = false;
  const late = {
    ...west,
    nearest: async (...given: Parameters<typeof west.nearest>) => {
      if (!isBack) {
        isBack = true;
        await suspendSession(east, 'web');
        await resumeSession(west, 'web');
        await exec(west, 'web', 'echo 2 > b');
      }
      return west.nearest(...given);
    },
  };
  await doWhatIsSlow(late);
  expect(isBack).toBe(true);
  expect(await contents(west, 'web')).toEqual({ b: '2\n' });
  expect((await showSession(west, 'web')).conflicts.length).toBeGreaterThan(0);
});

it('[N10] a runner that comes too late commits nothing, and its files are kept', async () => {
  const { runner, create, exec, contents, pass, world, place, database } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  await exec(west, 'web', 'echo 1 > a');
  await checkpointSession(west, 'web');
  await exec(west, 'web', 'echo 2 > a');
  pass(LEASE + 1);
  await doWhatIsQuick(east);
  await resumeSession(east, 'web', { acceptLoss: true });
  await exec(east, 'web', 'echo 3 > a');
  // As one that was paused: it knows nothing of all that.
  await expectCode('conflict', checkpointSession(west, 'web'));
  await expectCode('conflict', suspendSession(west, 'web'));
  const tenant = Buffer.from(world.vault.id).toString('hex');
  expect((await listSnapshots(database.kysely, tenant, 'web')).map(({ snapshot }) => snapshot)).toEqual([
    2, 1,
  ]);
  await doWhatIsSlow(west);
  const { conflicts } = await showSession(east, 'web');
  expect(conflicts).toHaveLength(1);
  await restoreSnapshot(world, conflicts[0]!, join(place, 'kept'));
  expect(contentsOf(join(place, 'kept'))).toEqual({ a: '2\n' });
  expect(await contents(east, 'web')).toEqual({ a: '3\n' });
  // Twice is nothing more.
  await doWhatIsSlow(west);
  expect((await showSession(east, 'web')).conflicts).toEqual(conflicts);
});

it.each([
  ['suspension', suspendSession, false],
  ['suspension', suspendSession, true],
  ['checkpoint', checkpointSession, true],
] as const)('[N10] a %s that is cut off by the end of its lease is not done', async (_, act, isSwept) => {
  const { runner, create, exec, pass, world, database } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  await exec(west, 'web', 'echo 1 > a');
  // The lease goes while its files are read.
  const { storeOf } = west;
  let isTaken = false;
  const late = {
    ...west,
    storeOf: async (...given: Parameters<typeof storeOf>) => {
      if (!isTaken) {
        isTaken = true;
        pass(LEASE + 1);
        await doWhatIsQuick(east);
        await resumeSession(east, 'web', { acceptLoss: true });
        // Its files are taken away too.
        if (isSwept) await doWhatIsSlow(west);
      }
      return storeOf(...given);
    },
  };
  await expectCode('lease_lost', act(late, 'web'));
  expect(await showSession(east, 'web')).toMatchObject({ state: 'active', runner: 'east', snapshot: 1 });
  const tenant = Buffer.from(world.vault.id).toString('hex');
  expect(await listSnapshots(database.kysely, tenant, 'web')).toHaveLength(1);
});

it('[N10] what a runner has is no conflict if all of it is in a snapshot', async () => {
  const { runner, create, exec, pass } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  await exec(west, 'web', 'echo 1 > a');
  await checkpointSession(west, 'web');
  pass(LEASE + 1);
  await doWhatIsQuick(east);
  await resumeSession(east, 'web', { acceptLoss: true });
  await doWhatIsSlow(west);
  expect((await showSession(east, 'web')).conflicts).toEqual([]);
});

it('[N9] [N10] a command on a runner whose lease is over ends', async () => {
  const { runner, create, exec, pass } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  const east = await runner('east', { lease: LEASE });
  await create(west, 'web');
  const running = exec(west, 'web', 'sleep 1000');
  const outcome = expectCode('lease_lost', running);
  while ((await showSession(west, 'web')).runningTasks === 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
  pass(LEASE + 1);
  await doWhatIsQuick(east);
  await resumeSession(east, 'web', { acceptLoss: true });
  await outcome;
  expect((await showSession(east, 'web')).runningTasks).toBe(0);
});

it('[N23] a runner is one process at a time, and its directory stays where files are', async () => {
  const { runner, create, database, world, place } = await openSessionHome();
  const west = await runner('west', { lease: LEASE });
  await create(west, 'web', { mobility: 'local' });
  const rows = { database, clock: world.clock, random: world.random, tenant: 'default' };
  const wish = { name: 'west', region: 'default', baseDir: west.runner.base_dir, lease: LEASE };
  await expectCode('already_exists', becomeRunner(rows, wish));
  await database.kysely.updateTable('runners').set({ holder: null }).where('name', '=', 'west').execute();
  await expectCode('refused', becomeRunner(rows, { ...wish, baseDir: join(place, 'other') }));
  expect((await becomeRunner(rows, wish)).id).toBe(west.runner.id);
  await expectCode('bad_input', becomeRunner(rows, { ...wish, name: '../x' }));
});

it('[N27] directories of sessions that nobody knows are left alone', async () => {
  const { runner, create, exec, filesOf, database } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  const file = join(await filesOf(home, 'web'), 'a');
  await database.kysely.deleteFrom('session_tasks').execute();
  await database.kysely.deleteFrom('sessions').execute();
  const unmade = join(home.runner.base_dir, 'session-000000000000');
  mkdirSync(join(unmade, 'files'), { recursive: true });
  const marker = {
    session: 'session-000000000000',
    state: 'making',
    fence: 0,
    means: 'watch',
    maker: '1-1-00000000-00000000-00000000',
  };
  writeFileSync(join(unmade, 'session.json'), JSON.stringify(marker));
  mkdirSync(join(home.runner.base_dir, 'mine'));
  await doWhatIsSlow(home);
  // Of another machine, as far as anybody can tell: its maker may live.
  const found = Object.keys(contentsOf(home.runner.base_dir));
  expect(found).toEqual(expect.arrayContaining(['mine/', 'session-000000000000/session.json']));
  expect(found).toContain(file.slice(home.runner.base_dir.length + 1));
});
