/** `strata runner`, and sessions that are at work on it. */

import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';

import { askBash } from './completion.fixture.ts';
import { PATIENCE, openSessions } from './sessions.fixture.ts';
import { startStrata } from './started.fixture.ts';
import type { Started } from './started.fixture.ts';

vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });
const { base, options, strata, answer, failure, write } = openSessions();
let shelf: Started;

beforeAll(async () => {
  write(
    'home/strata.yaml',
    'storage: { workspace: { quota_means: watch } }\nregions: { eu: { local: { path: ./eu } } }',
  );
  answer('sessions', 'create', '--name', 'here');
  shelf = startStrata(
    options,
    '--json',
    'runner',
    '--name',
    'shelf',
    '--region',
    'eu',
    '--base-dir',
    'shelf',
  );
  await shelf.said(/\n/);
});
afterAll(async () => {
  shelf.process.kill('SIGTERM');
  await shelf.ended;
});

it('[C68] says that it is there, once; `sessions runners` lists it', async () => {
  const [line] = await shelf.said(/^.*\n/);
  expect(JSON.parse(line)).toEqual({
    ready: true,
    name: 'shelf',
    region: 'eu',
    baseDir: join(base, 'shelf'),
    lease: '30s',
  });
  expect(answer('sessions', 'runners')).toMatchObject({
    runners: [
      { name: 'home', region: 'default', state: 'home', sessions: 1 },
      { name: 'shelf', region: 'eu', state: 'lives', baseDir: join(base, 'shelf'), sessions: 0 },
    ],
  });
  expect(strata('sessions', 'runners').stdout).toMatch(
    /^NAME +REGION +STATE +SESSIONS +DIRECTORY\nhome .*\nshelf +eu +lives +0 /,
  );
  expect(failure('runner', '--name', 'shelf', '--once')).toMatchObject({ status: 3, code: 'already_exists' });
  expect(failure('sessions', 'create', '--runner', 'shlef')).toMatchObject({
    status: 4,
    hint: expect.stringContaining('shelf'),
  });
});

it('[C62] [C63] [C67] what is done there is told here as if it were here', async () => {
  const made = answer(
    'sessions',
    'create',
    '--name',
    'far',
    '--region',
    'eu',
    '--workspace-mobility',
    'object_sync',
  );
  expect(made).toMatchObject({ state: 'active', runner: 'shelf', region: 'eu' });
  const first = strata(
    'sessions',
    'exec',
    'far',
    '--',
    'sh',
    '-c',
    'echo out; echo err >&2; echo 1 > f; exit 5',
  );
  expect(first).toEqual({ status: 5, stdout: 'out\n', stderr: 'err\n' });
  using idle = startStrata(options, 'sessions', 'exec', 'far', '--', 'echo', 'done');
  expect(await idle.ended).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
  answer('sessions', 'checkpoint', 'far');
  strata('sessions', 'exec', 'far', '--', 'sh', '-c', 'echo 22 > f; echo g > g');
  expect(strata('sessions', 'restore', 'far@2').stdout).toMatch(/^~ f\n- g\nrestored far@2 as @4 /);
  expect(answer('sessions', 'suspend', 'far')).toMatchObject({ state: 'suspended', synced: true });
  expect(answer('sessions', 'resume', 'far', '--runner', 'home')).toMatchObject({
    runner: 'home',
    region: 'default',
  });
  expect(strata('sessions', 'exec', 'far', '--', 'cat', 'f').stdout).toBe('1\n');
});

it('[C68] without a name it does once what is due of the home, and does not stay', () => {
  const { status, stdout } = strata('runner', '--once');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^runner home is ready: region default, /);
  expect(failure('runner')).toMatchObject({
    status: 2,
    code: 'bad_input',
    hint: expect.stringContaining('--name'),
  });
});

it('[C60] a session of another runner says where it is pinned', () => {
  answer('sessions', 'create', '--name', 'pinned', '--runner', 'shelf');
  answer('sessions', 'suspend', 'pinned');
  expect(failure('sessions', 'resume', 'pinned', '--runner', 'home')).toMatchObject({
    status: 3,
    code: 'workspace_pinned',
    hint: expect.stringContaining('--runner shelf'),
  });
  expect(answer('sessions', 'resume', 'pinned')).toMatchObject({ runner: 'shelf' });
});

it('[C29] sessions and runners complete', () => {
  write('completion.bash', strata('completion', 'bash').stdout);
  const all = ['far', 'here', 'pinned'];
  for (const line of ['exec ', 'suspend ', 'restore ', 'fork ', 'log ', 'diff far@1 ', 'ls '])
    expect([...askBash(options, `strata sessions ${line}`)].sort()).toEqual(all);
  expect(askBash(options, 'strata sessions get fa')).toEqual(['far']);
  expect(askBash(options, 'strata sessions restore far@')).toEqual([]);
  expect(askBash(options, 'strata sessions resume far --runner ')).toEqual(['home', 'shelf']);
  expect(askBash(options, 'strata sessions exec --home nowhere ')).toEqual([]);
});

it('[C68] that cannot keep sessions where it is told to is not ready', () => {
  expect(failure('runner', '--name', 'nowhere', '--base-dir', '/proc/nowhere')).toMatchObject({
    status: expect.any(Number),
    message: expect.stringContaining('keep sessions in /proc/nowhere'),
  });
  expect(strata('sessions', 'runners').stdout).not.toContain('nowhere');
});

it('[C68] told to end it suspends what is at work there, and ends with 0', async () => {
  using other = startStrata(options, 'runner', '--name', 'other', '--base-dir', 'other');
  const [line] = await other.said(/^.*\n/);
  expect(line).toBe(`runner other is ready: region default, sessions in ${join(base, 'other')}\n`);
  answer('sessions', 'create', '--name', 'brief', '--runner', 'other', '--workspace-mobility', 'object_sync');
  strata('sessions', 'exec', 'brief', '--', 'sh', '-c', 'echo kept > kept');
  other.process.kill('SIGTERM');
  const { status, stdout, stderr } = await other.ended;
  expect({ status, stdout }).toEqual({ status: 0, stdout: line });
  expect(stderr).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d {2}.*brief is suspended$/m);
  expect(answer('sessions', 'get', 'brief')).toMatchObject({ state: 'suspended', synced: true });
  expect(strata('sessions', 'cat', 'brief:kept').stdout).toBe('kept\n');
  expect(strata('sessions', 'runners').stdout).toMatch(/\nother +default +gone since /);
  const once = strata('runner', '--name', 'other', '--base-dir', 'other', '--once');
  expect(once).toMatchObject({ status: 0, stdout: line });
});

it('[N22] what a paused runner had goes on elsewhere when its lease is over, and nobody waits for it', async () => {
  using late = startStrata(options, 'runner', '--name', 'late', '--base-dir', 'late', '--lease', '2s');
  await late.said(/\n/);
  answer('sessions', 'create', '--name', 'moved', '--runner', 'late', '--workspace-mobility', 'object_sync');
  strata('sessions', 'exec', 'moved', '--', 'sh', '-c', 'echo unsaved > file');
  late.process.kill('SIGSTOP');
  await vi.waitFor(
    () =>
      expect(answer('sessions', 'get', 'moved')).toMatchObject({ state: 'suspended', reason: 'runner_lost' }),
    PATIENCE,
  );
  expect(strata('sessions', 'runners').stdout).toMatch(/\nlate +default +silent since /);
  expect(failure('sessions', 'resume', 'moved')).toMatchObject({ status: 7, code: 'unavailable' });
  expect(answer('sessions', 'resume', 'moved', '--accept-loss')).toMatchObject({
    runner: 'home',
    snapshot: 1,
  });
  late.process.kill('SIGCONT');
  await vi.waitFor(
    () => expect(answer('sessions', 'get', 'moved')).toMatchObject({ conflicts: ['moved.conflict-1'] }),
    PATIENCE,
  );
  answer('sessions', 'terminate', 'moved', '--discard');
  late.process.kill('SIGTERM');
  await late.ended;
});
