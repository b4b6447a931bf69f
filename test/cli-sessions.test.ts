/** `strata sessions`, as a user has it. */

import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { ISO, NUMBER } from './command-line.fixture.ts';
import { PATIENCE, openSessions } from './sessions.fixture.ts';

vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });
const { options, strata, answer, failure, exec, sh } = openSessions();

interface SessionShape {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly snapshot: number;
  readonly synced: boolean;
}

const get = (name: string) => answer('sessions', 'get', name) as SessionShape;
beforeAll(() => {
  answer('sessions', 'create', '--name', 'dev', '--agent', 'claude', '--labels', 'team=web,stage=test');
});

it('[C60] create and get tell one session, by name and by id, in one shape', () => {
  const told = get('dev');
  expect(told).toMatchObject({
    id: expect.stringMatching(/^session-[0-9a-f]{12}$/),
    name: 'dev',
    agent: 'claude',
    state: 'active',
    workspace: 'dev',
    storageType: 'volume',
    mobility: 'local',
    region: 'default',
    runner: 'home',
    quotaMb: 10_240,
    quotaMeans: expect.stringMatching(/^(filesystem|project|watch)$/),
    usedBytes: NUMBER,
    durability: 'local',
    synced: false,
    reason: null,
    retention: { requested: null, effective: '7d', clamped: false, expiresAt: null },
    labels: { team: 'web', stage: 'test' },
    idleTimeout: '30m',
    created: ISO,
    expired: null,
  });
  expect(get(told.id)).toEqual(told);
  const { stdout } = strata('sessions', 'get', 'dev');
  expect(stdout).toMatch(/^dev\n {2}state +active\n/);
  expect(stdout).toMatch(/\n {2}agent +claude\n {2}labels +team=web, stage=test\n/);
  expect(stdout).not.toContain('synced');
  expect(strata('sessions', 'get', 'dev', '--quiet').stdout).toBe('active\n');
});

it('[C60] [C1] what is not there, and what is there already', () => {
  expect(failure('sessions', 'get', 'dve')).toMatchObject({
    status: 4,
    code: 'session_not_found',
    hint: expect.stringContaining('dev'),
  });
  for (const words of [['log'], ['ls'], ['resume'], ['hold'], ['terminate'], ['undelete']])
    expect(failure('sessions', ...words, 'nobody')).toMatchObject({ status: 4, code: 'session_not_found' });
  expect(failure('sessions', 'create', '--name', 'dev')).toMatchObject({ status: 3, code: 'already_exists' });
  expect(failure('sessions', 'create', '--storage-type', 'pvc')).toMatchObject({
    status: 2,
    code: 'bad_input',
    message: expect.stringContaining('Kubernetes'),
  });
  expect(failure('sessions', 'undelete', 'dev')).toMatchObject({ status: 3, code: 'conflict' });
});

it('[C60] checkpoints: log, diff, ls and cat, by name and by id', () => {
  expect(sh('dev', 'mkdir src; echo one > src/a; echo gone > old')).toMatchObject({ status: 0, stdout: '' });
  const first = answer('sessions', 'checkpoint', 'dev', '-m', 'first') as { snapshot: number };
  expect(first).toMatchObject({
    workspace: 'dev',
    files: 2,
    message: 'first',
    runningTasks: 0,
    durability: 'local',
    created: ISO,
    seconds: NUMBER,
  });
  const at = `dev@${first.snapshot}`;
  sh('dev', 'echo two > src/a; rm old; echo new > new');
  const { stdout } = strata('sessions', 'checkpoint', 'dev');
  expect(stdout).toMatch(
    new RegExp(`^saved dev@${first.snapshot + 1}: it is on the machine of the runner alone\n`),
  );
  const { id } = get('dev');
  for (const name of ['dev', id]) {
    expect(answer('sessions', 'log', name)).toMatchObject({
      snapshots: [
        { snapshot: first.snapshot + 1 },
        { snapshot: first.snapshot, message: 'first' },
        { snapshot: 1 },
      ],
    });
    expect(strata('sessions', 'diff', `${name}@${first.snapshot}`).stdout).toBe('+ new\n- old\n~ src/a\n');
    expect(strata('sessions', 'cat', `${name}:src/a`).stdout).toBe('two\n');
    expect(strata('sessions', 'cat', `${name}@${first.snapshot}:src/a`).stdout).toBe('one\n');
  }
  expect(strata('sessions', 'diff', 'dev', at).stdout).toBe('- new\n+ old\n~ src/a\n');
  expect(answer('sessions', 'ls', `${at}:src`)).toMatchObject({ entries: [{ path: 'a', size: 4 }] });
  expect(strata('workspaces', 'cat', `${at}:src/a`).stdout).toBe('one\n');
});

it('[C67] restore says what it would do, does it, and can be taken back', () => {
  const before = get('dev').snapshot;
  const plan = answer('sessions', 'restore', `dev@${before - 1}`, '--dry-run');
  expect(plan).toMatchObject({
    session: 'dev',
    restored: before - 1,
    replaced: before,
    snapshot: null,
    dryRun: true,
    changed: { added: 1, removed: 1, modified: 1 },
    changes: [
      { path: 'new', kind: 'removed' },
      { path: 'old', kind: 'added' },
      { path: 'src/a', kind: 'changed' },
    ],
  });
  expect(sh('dev', 'cat src/a').stdout).toBe('two\n');
  const { status, stdout } = strata('sessions', 'restore', `dev@${before - 1}`);
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^- new\n\+ old\n~ src\/a\nrestored dev@\d+ as @\d+ in .*: 1 added, 1 removed, 1 changed\n/,
  );
  const [, back] = /strata sessions restore (dev@\d+) {2}takes it back\n$/.exec(stdout)!;
  expect(sh('dev', 'cat src/a; ls').stdout).toBe('one\nold\nsrc\n');
  expect(answer('sessions', 'restore', back!)).toMatchObject({ dryRun: false, snapshot: NUMBER });
  expect(sh('dev', 'cat src/a; ls').stdout).toBe('two\nnew\nsrc\n');
  expect(failure('sessions', 'restore', 'dev')).toMatchObject({ status: 2, code: 'bad_input' });
  expect(failure('sessions', 'restore', 'dev@999')).toMatchObject({ status: 4, code: 'snapshot_not_found' });
});

describe('another one', () => {
  it('[C60] a fork is like its session but for what flags say; list filters', () => {
    const fork = answer(
      'sessions',
      'fork',
      'dev',
      '--name',
      'try',
      '--labels',
      'team=docs',
      '--workspace-quota',
      '64',
    );
    expect(fork).toMatchObject({
      name: 'try',
      state: 'suspended',
      agent: 'claude',
      quotaMb: 64,
      labels: { team: 'docs' },
      runner: null,
    });
    expect(strata('sessions', 'cat', 'try:src/a').stdout).toBe('two\n');
    const names = (...flags: readonly string[]) => strata('sessions', 'list', '--quiet', ...flags).stdout;
    expect(names()).toBe('try\ndev\n');
    expect(names('--state', 'active')).toBe('dev\n');
    expect(names('--labels', 'team=docs')).toBe('try\n');
    expect(names('--labels', 'team=web', '--labels', 'stage=test')).toBe('dev\n');
    expect(names('--labels', 'team=web,stage=live')).toBe('');
    expect(strata('sessions', 'list').stdout).toMatch(
      /^NAME +STATE +RUNNER .*\ntry +suspended +- .*\ndev +active +home /,
    );
    expect(answer('sessions', 'list')).toMatchObject({ sessions: [{ name: 'try' }, { name: 'dev' }] });
    expect(strata('sessions', 'list', '--home', 'nowhere')).toEqual({
      status: 0,
      stdout: '',
      stderr: 'no sessions yet\n',
    });
  });

  it('[C60] suspend and resume; who may not is told what is possible', () => {
    expect(answer('sessions', 'resume', 'try')).toMatchObject({ state: 'active', runner: 'home' });
    expect(sh('try', 'echo more > more; cat src/a').stdout).toBe('two\n');
    expect(failure('sessions', 'resume', 'try')).toMatchObject({ status: 3, code: 'conflict' });
    const { stdout } = strata('sessions', 'suspend', 'try');
    expect(stdout).toMatch(/^suspended try\n {2}state +suspended\n/);
    expect(stdout).toMatch(/\n {2}files +local: try@\d+ is on the machine of runner home alone\n/);
    expect(get('try')).toMatchObject({
      state: 'suspended',
      runner: null,
      durability: 'local',
      synced: false,
    });
    const refused = exec('try', 'true');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toMatch(/^error: session try is suspended.*\nhint: .*resume try/);
    strata('sessions', 'resume', 'try');
    expect(sh('try', 'cat more').stdout).toBe('more\n');
  });

  it('[C65] object_sync: synced is said once it is so', () => {
    answer('sessions', 'create', '--name', 'far', '--workspace-mobility', 'object_sync');
    sh('far', 'echo x > x');
    expect(get('far')).toMatchObject({ durability: 'local', synced: false });
    expect(strata('sessions', 'get', 'far').stdout).toMatch(
      /files +local: what is newer than far@1 is on runner home alone\n/,
    );
    expect(strata('sessions', 'suspend', 'far').stdout).toMatch(
      /\n {2}files +durable, synced: all of it is in the store, as far@2\n/,
    );
    expect(get('far')).toMatchObject({ durability: 'durable', synced: true, snapshot: 2 });
  });

  it('[C66] [C60] terminate, hold and undelete; retention that is not allowed is told', () => {
    const ended = strata('sessions', 'terminate', 'far', '--retention', '90d');
    expect(ended.status).toBe(0);
    expect(ended.stdout).toMatch(
      /^terminated far\n {2}state +terminated just now\n[^]* {2}retention +until \d{4}.* \(30d\); 90d was asked for, and 1d to 30d is allowed\n/,
    );
    expect(get('far')).toMatchObject({
      state: 'terminated',
      retention: { requested: '90d', effective: '30d', clamped: true, expiresAt: ISO },
    });
    expect(answer('sessions', 'hold', 'far')).toMatchObject({ held: true });
    expect(answer('sessions', 'hold', 'far', '--release')).toMatchObject({ held: false });
    expect(strata('sessions', 'cat', 'far:x').stdout).toBe('x\n');
    expect(answer('sessions', 'undelete', 'far')).toMatchObject({
      state: 'suspended',
      retention: { expiresAt: null },
    });
    answer('sessions', 'resume', 'far');
    sh('far', 'echo lost > lost');
    answer('sessions', 'terminate', 'far', '--discard');
    expect(strata('sessions', 'cat', 'far:lost').status).toBe(4);
    expect(answer('sessions', 'create', '--name', 'after', '--from', 'far')).toMatchObject({
      state: 'active',
    });
    expect(sh('after', 'ls').stdout).toBe('x\n');
  });
});

it('[C60] the words of a line behind mctl are those behind strata', () => {
  const { stdout, status } = spawnSync(
    'bash',
    [
      '-c',
      `ln -s "$(command -v "$0")" mctl && PATH=$PWD:$PATH && mctl --json sessions create \\
  --agent claude \\
  --workspace-quota 20480 \\
  --workspace-mobility object_sync`,
      'strata',
    ],
    {
      ...options,
      env: { ...options.env, PATH: `${process.cwd()}/bin:${process.env['PATH']}` },
      encoding: 'utf8',
    },
  );
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ agent: 'claude', quotaMb: 20_480, mobility: 'object_sync' });
});
