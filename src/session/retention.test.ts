import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { listWorkspaces } from '../workspace/index.ts';
import { checkpointSession } from './checkpoint.ts';
import { doWhatIsQuick, doWhatIsSlow, isSlowDue } from './due.ts';
import { forkSession } from './fork.ts';
import { newSessionId } from './rows.ts';
import { resumeSession } from './resume.ts';
import { clampRetention } from './retention.ts';
import { DAY, HOUR, openSessionHome } from './session.fixture.ts';
import { suspendSession } from './suspend.ts';
import { holdSession, terminateSession, undeleteSession } from './terminate.ts';
import { listSessions, showSession } from './view.ts';

const YEAR = 365 * DAY;
const RANGE = { min: DAY, default: 7 * DAY, max: 30 * DAY };

it.each([
  [undefined, 7 * DAY, false],
  [0, DAY, true],
  [DAY, DAY, false],
  [10 * DAY, 10 * DAY, false],
  [30 * DAY, 30 * DAY, false],
  [30 * DAY + 1, 30 * DAY, true],
])('[N16] a retention of %s is %s', (requested, effective, clamped) => {
  expect(clampRetention(requested, RANGE)).toEqual({ effective, clamped });
});

it('[N16] what has ended expires when its time is over, and not before', async () => {
  const { runner, create, exec, pass, database, events } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await exec(home, 'web', 'echo 1 > a');
  await terminateSession(home, 'web');
  const { retention } = await showSession(home, 'web');
  expect(retention).toMatchObject({ requested: undefined, effective: 7 * DAY, clamped: false });
  // Somebody looks now and then, so the time is seen to pass.
  for (let day = 1; day < 7; day++) {
    pass(DAY);
    await doWhatIsQuick(home);
    await doWhatIsSlow(home);
    expect((await showSession(home, 'web')).expired).toBeUndefined();
  }
  expect((await events()).filter((each) => each === 'session.expiring web')).toHaveLength(1);
  pass(DAY);
  expect(await isSlowDue(home)).toBe(true);
  await doWhatIsSlow(home);
  expect(await showSession(home, 'web')).toMatchObject({ state: 'terminated', snapshot: undefined });
  expect(await listSessions(home)).toEqual([]);
  expect(await listSessions(home, { all: true })).toHaveLength(1);
  expect(await listWorkspaces(database.kysely, 'default')).toEqual([]);
  for (const act of [undeleteSession, resumeSession, suspendSession])
    await expectCode('workspace_expired', act(home, 'web'));
  expect(await events()).toContain('session.expired web');
  // Its name is free.
  await create(home, 'web');
  expect(await showSession(home, 'web')).toMatchObject({ state: 'active', snapshot: 1 });
});

it('[N16] the day that was promised never comes nearer', async () => {
  const { runner, create, pass } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await terminateSession(home, 'web', { retention: 20 * DAY });
  const { expiresAt } = (await showSession(home, 'web')).retention;
  const stricter = { ...home, retention: { min: 0, default: HOUR, max: HOUR } };
  for (let day = 0; day < 19; day++) {
    pass(DAY);
    await doWhatIsSlow(stricter);
  }
  expect((await showSession(stricter, 'web')).retention).toMatchObject({ effective: 20 * DAY, expiresAt });
  expect((await showSession(stricter, 'web')).expired).toBeUndefined();
  pass(DAY);
  await doWhatIsSlow(stricter);
  expect((await showSession(stricter, 'web')).expired).toBeDefined();
});

it('[N16] held, it does not expire; released, it does', async () => {
  const { runner, create, pass } = await openSessionHome();
  const home = await runner();
  await create(home, 'web', { retention: DAY });
  await terminateSession(home, 'web');
  await holdSession(home, 'web', 1);
  await doWhatIsSlow(home);
  for (let day = 0; day < 40; day++) {
    pass(DAY);
    await doWhatIsSlow(home);
  }
  expect(await showSession(home, 'web')).toMatchObject({ held: true, expired: undefined });
  await holdSession(home, 'web', 0);
  await doWhatIsSlow(home);
  expect((await showSession(home, 'web')).expired).toBeDefined();
});

it('[N16] a fork keeps what it shares with what has expired, and conflicts go with it', async () => {
  const { runner, create, exec, contents, pass, database } = await openSessionHome();
  const home = await runner();
  const east = await runner('east', { lease: HOUR });
  const west = await runner('west', { lease: HOUR });
  await create(east, 'web');
  await exec(east, 'web', 'echo 1 > a');
  await checkpointSession(east, 'web');
  await exec(east, 'web', 'echo 2 > a');
  pass(HOUR + 1);
  await doWhatIsQuick(home);
  await resumeSession(west, 'web', { acceptLoss: true });
  await doWhatIsSlow(east);
  const { id: _, ...wish } = await showSession(home, 'web');
  await forkSession(
    home,
    'web@2',
    { ...wish, id: newSessionId(home.random), name: 'twin', retention: undefined },
    {},
  );
  const names = async () => (await listWorkspaces(database.kysely, 'default')).map(({ name }) => name);
  expect(await names()).toEqual(['twin', 'web', 'web.conflict-1']);
  await terminateSession(west, 'web', { retention: DAY });
  await doWhatIsSlow(home);
  pass(DAY);
  await doWhatIsSlow(home);
  expect(await names()).toEqual(['twin']);
  await resumeSession(home, 'twin');
  expect(await contents(home, 'twin')).toEqual({ a: '1\n' });
});

it.each([
  ['an hour back', -HOUR],
  ['an hour ahead', HOUR],
  ['ten years ahead', 10 * YEAR],
])('[N24] nothing expires because the clock is set %s', async (_, leap) => {
  const { runner, create, exec, contents, leap: set } = await openSessionHome();
  const home = await runner();
  await create(home, 'web');
  await create(home, 'gone', { retention: DAY });
  await exec(home, 'web', 'echo 1 > a');
  await terminateSession(home, 'gone');
  await doWhatIsSlow(home);
  set(leap);
  await doWhatIsQuick(home);
  await doWhatIsSlow(home);
  expect((await showSession(home, 'gone')).expired).toBeUndefined();
  await undeleteSession(home, 'gone');
  // One that has been idle for ten years is suspended, which loses nothing.
  if ((await showSession(home, 'web')).state === 'suspended') await resumeSession(home, 'web');
  expect(await contents(home, 'web')).toEqual({ a: '1\n' });
});

it('[N24] what is due by a clock that has leapt goes when it is believed', async () => {
  const { runner, create, leap, pass } = await openSessionHome();
  const home = await runner();
  await create(home, 'web', { retention: DAY });
  await terminateSession(home, 'web');
  await doWhatIsSlow(home);
  leap(3 * DAY);
  await doWhatIsSlow(home);
  pass(HOUR - 1000);
  await doWhatIsSlow(home);
  expect((await showSession(home, 'web')).expired).toBeUndefined();
  pass(2000);
  await doWhatIsSlow(home);
  expect((await showSession(home, 'web')).expired).toBeDefined();
});

it('[N18] a session that nobody uses is suspended, but not while a command runs', async () => {
  const { runner, create, exec, pass, filesOf } = await openSessionHome();
  const home = await runner();
  await create(home, 'web', { idleTimeout: HOUR });
  await create(home, 'never', { idleTimeout: 0 });
  const files = await filesOf(home, 'web');
  const running = exec(home, 'web', 'while [ ! -e end ]; do sleep 0.05; done');
  while ((await showSession(home, 'web')).runningTasks === 0)
    await new Promise((resolve) => setTimeout(resolve, 20));
  pass(HOUR);
  await doWhatIsSlow(home);
  expect((await showSession(home, 'web')).state).toBe('active');
  const { writeFileSync } = await import('node:fs');
  writeFileSync(`${files}/end`, '');
  await running;
  await doWhatIsSlow(home);
  expect((await showSession(home, 'web')).state).toBe('active');
  pass(HOUR);
  expect(await isSlowDue(home)).toBe(true);
  await doWhatIsSlow(home);
  expect(await showSession(home, 'web')).toMatchObject({ state: 'suspended', reason: 'idle', synced: true });
  expect((await showSession(home, 'never')).state).toBe('active');
});
