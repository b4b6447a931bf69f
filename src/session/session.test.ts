import { existsSync, readdirSync } from 'node:fs';
import { expect, it } from 'vitest';

import { StrataError } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { meansNamed } from '../quota/index.ts';
import { listSnapshots, removeWorkspace, saveDirectory } from '../workspace/index.ts';
import { checkpointSession } from './checkpoint.ts';
import { forkSession } from './fork.ts';
import { restoreSession, restoredChanges } from './restore.ts';
import { resumeSession } from './resume.ts';
import { newSessionId } from './rows.ts';
import { openSessionHome, put } from './session.fixture.ts';
import { SessionPlace } from './place.ts';
import { suspendSession } from './suspend.ts';
import { holdSession, terminateSession, undeleteSession } from './terminate.ts';
import { listSessions, showSession } from './view.ts';

it('[N2] [N3] a session begins empty, and commands work in it', async () => {
  const { runner, create, exec, contents } = await openSessionHome();
  const home = await runner();
  const session = await create(home, 'web');
  expect(session).toMatchObject({
    state: 'active',
    name: 'web',
    workspace: 'web',
    agent: 'claude',
    runner: 'home',
    snapshot: 1,
    durability: 'local',
    synced: false,
    quotaMeans: 'watch',
  });
  expect(await contents(home, 'web')).toEqual({});
  const result = await exec(home, 'web', 'echo hello > a; echo "$STRATA_SESSION $STRATA_AGENT"; pwd; exit 3');
  expect(result).toMatchObject({ exitCode: 3, snapshot: undefined, quota: undefined });
  expect(result.output.split('\n').slice(0, 1)).toEqual(['web claude']);
  expect(await contents(home, 'web')).toEqual({ a: 'hello\n' });
});

it('[N2] one that starts with more than its quota does not begin, and leaves nothing', async () => {
  const { runner, create, exec } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'head -c 3000000 /dev/urandom > big');
  await suspendSession(home, 'web');
  for (const means of ['watch', 'filesystem'] as const) {
    const world = { ...home, means: async () => meansNamed(means) };
    await expectCode('quota_exceeded', create(world, 'small', { quotaMb: 1 }, 'web'));
    await expectCode('session_not_found', showSession(home, 'small'));
    expect(readdirSync(home.runner.base_dir)).toHaveLength(1);
  }
  expect(await create(home, 'small', { quotaMb: 4 }, 'web')).toMatchObject({ state: 'active', snapshot: 1 });
  expect((await exec(home, 'small', 'stat -c %s big')).output).toBe('3000000\n');
});

it('[N12] what is not kept of its files is said with a checkpoint, a suspension and the end', async () => {
  const { runner, create, exec } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'mkfifo pipe; echo x > file; chmod u+s file');
  const said = [expect.stringContaining('FIFOs'), expect.stringContaining('setuid')];
  expect((await checkpointSession(home, 'web')).warnings).toEqual(said);
  expect((await suspendSession(home, 'web')).warnings).toEqual(said);
  await resumeSession(home, 'web');
  expect((await terminateSession(home, 'web')).warnings).toEqual(said);
});

it('[N5] [N7] ten times suspended and resumed, with a file added and one deleted each time, it has exactly its files', async () => {
  const { runner, create, exec, contents, database, world } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: 60_000 });
  await create(home, 'web');
  await exec(home, 'web', 'for n in 0 1 2 3 4 5 6 7 8 9; do echo $n > old-$n; done; mkdir -p d/e');
  const expected: Record<string, string> = { 'd/': '', 'd/e/': '' };
  for (let n = 0; n < 10; n++) expected[`old-${n}`] = `${n}\n`;
  for (let n = 0; n < 10; n++) {
    const [from, to] = n % 3 === 0 ? [n === 0 ? home : east, east] : [east, n % 3 === 2 ? east : east];
    await exec(from, 'web', `rm old-${n}; echo new > new-${n}`);
    delete expected[`old-${n}`];
    expected[`new-${n}`] = 'new\n';
    await suspendSession(from, 'web');
    expect(await showSession(home, 'web')).toMatchObject({
      state: 'suspended',
      synced: true,
      durability: 'durable',
      runner: undefined,
    });
    await resumeSession(to, 'web');
    expect(await contents(to, 'web')).toEqual(expected);
  }
  const { vault } = world;
  const snapshots = await listSnapshots(database.kysely, Buffer.from(vault.id).toString('hex'), 'web');
  expect(snapshots[0]?.snapshot).toBe(11);
});

it('[N8] what is pinned is resumed by its runner alone, what is shared in its region', async () => {
  const { runner, create } = await openSessionHome();
  const home = await runner();
  const near = await runner('near', { lease: 60_000 });
  const far = await runner('far', { lease: 60_000, region: 'far' });
  await create(home, 'pinned', { mobility: 'local' });
  await create(home, 'shared', { mobility: 'shared' });
  await suspendSession(home, 'pinned');
  await suspendSession(home, 'shared');
  expect(await showSession(home, 'pinned')).toMatchObject({ synced: false, durability: 'local' });
  await expectCode('workspace_pinned', resumeSession(near, 'pinned'));
  await expectCode('region_mismatch', resumeSession(far, 'shared'));
  await resumeSession(near, 'shared');
  await resumeSession(home, 'pinned');
});

it('[N8] a cas session has no directory while it rests, and a volume keeps it', async () => {
  const { runner, create, exec, contents } = await openSessionHome();
  const home = await runner();
  for (const storageType of ['cas', 'volume'] as const) {
    const { id } = await create(home, storageType, { storageType });
    await exec(home, storageType, 'echo x > x');
    await suspendSession(home, storageType);
    const place = new SessionPlace(home, { id, name: storageType, quota_mb: 64 });
    expect(existsSync(place.path)).toBe(storageType === 'volume');
    await resumeSession(home, storageType);
    expect(await contents(home, storageType)).toEqual({ x: 'x\n' });
  }
  await expectCode('bad_input', create(home, 'claim', { storageType: 'pvc' }));
});

it('[N6] a session is suspended though the store is away, and synced when it is back', async () => {
  const { runner, create, exec, storeIsAway, pass, contents } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: 60_000 });
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  await checkpointSession(home, 'web');
  await exec(home, 'web', 'echo 2 > a');
  storeIsAway(true);
  await suspendSession(home, 'web');
  const suspended = await showSession(home, 'web');
  expect(suspended).toMatchObject({ state: 'suspended', synced: false, durability: 'local', snapshot: 2 });
  expect(suspended.reason).toContain('store_unavailable');
  pass(5_000);
  const refusal = await refusalOf(resumeSession(east, 'web'));
  expect(refusal.code).toBe('not_synced');
  expect(refusal.message).toMatch(/runner home .* web@2, is \d+ s old/);
  storeIsAway(false);
  const { doWhatIsSlow } = await import('./due.ts');
  await doWhatIsSlow(home);
  expect(await showSession(home, 'web')).toMatchObject({ synced: true, reason: undefined, snapshot: 3 });
  await resumeSession(east, 'web');
  expect(await contents(east, 'web')).toEqual({ a: '2\n' });
});

it('[N6] [N10] with acceptLoss it goes on from the checkpoint, and what the runner had is kept beside it', async () => {
  const { runner, create, exec, storeIsAway, contents, world, place } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: 60_000 });
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  await checkpointSession(home, 'web');
  await exec(home, 'web', 'echo 2 > a; echo only > here');
  storeIsAway(true);
  await suspendSession(home, 'web');
  storeIsAway(false);
  await resumeSession(east, 'web', { acceptLoss: true });
  expect(await contents(east, 'web')).toEqual({ a: '1\n' });
  const { doWhatIsSlow } = await import('./due.ts');
  await doWhatIsSlow(home);
  const { conflicts } = await showSession(home, 'web');
  expect(conflicts).toHaveLength(1);
  const { restoreSnapshot } = await import('../workspace/index.ts');
  await restoreSnapshot(world, conflicts[0]!, `${place}/kept`);
  const { contentsOf } = await import('./session.fixture.ts');
  expect(contentsOf(`${place}/kept`)).toEqual({ a: '2\n', here: 'only\n' });
});

it('[N12] a checkpoint says what ran meanwhile, and is one behind each command if that is wanted', async () => {
  const { runner, create, exec } = await openSessionHome();
  const home = await runner();
  await create(home, 'web', { checkpointEach: true });
  const slow = exec(home, 'web', 'echo begun > begun; while [ ! -e end ]; do sleep 0.05; done');
  const { filesOf } = {
    filesOf: async () =>
      new SessionPlace(home, { ...(await showSession(home, 'web')), quota_mb: 64 }).open({}),
  };
  const { directory } = await filesOf();
  while (!existsSync(`${directory}/begun`)) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await checkpointSession(home, 'web')).toMatchObject({
    runningTasks: 1,
    message: '1 task was running',
  });
  put(directory, { end: '' });
  const [first, second] = await Promise.all([slow, exec(home, 'web', 'echo x > x')]);
  expect([first.snapshot, second.snapshot].toSorted()).toEqual([3, 4]);
});

it('[N13] a restore is exactly the snapshot, and can be undone', async () => {
  const { runner, create, exec, contents } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a; mkdir d; echo 1 > d/b');
  await checkpointSession(home, 'web');
  await exec(home, 'web', 'echo 2 > a; rm -r d; echo new > c');
  const plan = await restoreSession(home, 'web@2', { dryRun: true });
  expect(plan).toMatchObject({ dryRun: true, restored: 2, replaced: 2, snapshot: undefined });
  expect(await contents(home, 'web')).toEqual({ a: '2\n', c: 'new\n' });
  const done = await restoreSession(home, 'web@2');
  expect(done).toMatchObject({ restored: 2, replaced: 3, snapshot: 4 });
  expect((await restoredChanges(home, done, {})).changed).toEqual({ added: 2, removed: 1, modified: 1 });
  expect(await contents(home, 'web')).toEqual({ a: '1\n', 'd/': '', 'd/b': '1\n' });
  await restoreSession(home, 'web@3');
  expect(await contents(home, 'web')).toEqual({ a: '2\n', c: 'new\n' });
  await suspendSession(home, 'web');
  await restoreSession(home, 'web@2');
  await resumeSession(home, 'web');
  expect(await contents(home, 'web')).toEqual({ a: '1\n', 'd/': '', 'd/b': '1\n' });
});

it('[N14] a fork has the files, and goes its own way', async () => {
  const { runner, create, exec, contents, world } = await openSessionHome();
  const home = await runner();
  const { id, ...wish } = await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  await checkpointSession(home, 'web');
  await forkSession(
    home,
    'web@2',
    { ...wish, id: newSessionId(world.random), name: 'twin', retention: undefined },
    {},
  );
  expect(await showSession(home, 'twin')).toMatchObject({ state: 'suspended', synced: true, snapshot: 1 });
  await resumeSession(home, 'twin');
  await exec(home, 'twin', 'echo 2 > a');
  expect(await contents(home, 'web')).toEqual({ a: '1\n' });
  expect(await contents(home, 'twin')).toEqual({ a: '2\n' });
  expect(id).not.toBe((await showSession(home, 'twin')).id);
});

it('[N1] [N16] [N17] it ends with a last snapshot, and comes back', async () => {
  const { runner, create, exec, contents, events } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  await terminateSession(home, 'web', { retention: 365 * 24 * 60 * 60 * 1000 });
  const ended = await showSession(home, 'web');
  expect(ended).toMatchObject({ state: 'terminated', snapshot: 2, retention: { clamped: true } });
  expect(ended.directory).toBeUndefined();
  const refusal = await refusalOf(resumeSession(home, 'web'));
  expect(refusal.code).toBe('conflict');
  expect(refusal.message).toContain('terminated');
  expect(refusal.hint).toContain('undelete');
  await holdSession(home, 'web', 1);
  await undeleteSession(home, 'web');
  await resumeSession(home, 'web');
  expect(await contents(home, 'web')).toEqual({ a: '1\n' });
  await exec(home, 'web', 'echo 2 > a');
  await terminateSession(home, 'web', { discard: true });
  expect((await showSession(home, 'web')).snapshot).toBe(2);
  expect((await events()).filter((each) => each.endsWith(' web'))).toContain('session.terminated web');
});

it('[N20] nobody else saves to the workspace of a session, or removes it', async () => {
  const { runner, create, world, place } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  put(`${place}/other`, { x: 'x' });
  await expectCode('refused', saveDirectory(world, `${place}/other`, { workspace: 'web' }));
  await expectCode('refused', removeWorkspace(world, 'web'));
  expect(await listSessions(home)).toHaveLength(1);
});

it('[N11] of a hundred who resume it at once one gets it', async () => {
  const { runner, create, contents, exec } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  await suspendSession(home, 'web');
  const runners = await Promise.all(
    Array.from({ length: 100 }, (_, n) => runner(`r${n}`, { lease: 600_000 })),
  );
  const outcomes = await Promise.allSettled(runners.map((each) => resumeSession(each, 'web')));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'conflict' });
  const { runner: winner } = await showSession(home, 'web');
  const world = runners.find((each) => each.runner.name === winner)!;
  expect(await contents(world, 'web')).toEqual({ a: '1\n' });
});

async function refusalOf(action: Promise<unknown>): Promise<StrataError> {
  try {
    await action;
  } catch (error) {
    if (error instanceof StrataError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
