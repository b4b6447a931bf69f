import { expect, it } from 'vitest';

import type { Change } from '../tree/index.ts';
import type { RestoredSession } from '../session/index.ts';
import { captureWorld } from './capture.fixture.ts';
import { restoreLines } from './session-checkpoint.ts';
import { commandOf, execJson, quotaLines } from './session-exec.ts';
import { restoreJson, sessionJson } from './session-shapes.ts';
import { AT_REST, AT_WORK, DAY, NOW } from './session.fixture.ts';
import { Terminal } from './terminal.ts';

it('[C60] [C16] a session in JSON: these keys first, lengths as people write them, null for what is not there', () => {
  const told = sessionJson({
    ...AT_WORK,
    agent: '',
    retention: { requested: 90 * DAY, effective: 30 * DAY, clamped: true, expiresAt: NOW },
    labels: { team: 'web' },
    idleTimeout: 0,
  });
  expect(told).toEqual({
    id: 'session-0123456789ab',
    name: 'dev',
    agent: null,
    state: 'active',
    workspace: 'dev',
    storageType: 'volume',
    mobility: 'object_sync',
    region: 'default',
    runner: 'shelf',
    quotaMb: 20_480,
    quotaMeans: 'filesystem',
    usedBytes: 3 * 1024 * 1024,
    durability: 'local',
    synced: false,
    reason: null,
    snapshot: 2,
    retention: { requested: '90d', effective: '30d', clamped: true, expiresAt: '2026-11-23T12:00:00.000Z' },
    labels: { team: 'web' },
    storeRegion: 'default',
    lastRunner: 'shelf',
    directory: '/srv/workspaces/session-0123456789ab',
    snapshotCreated: '2026-11-23T11:55:00.000Z',
    runningTasks: 0,
    held: false,
    idleTimeout: '0',
    checkpointEach: false,
    created: '2026-11-22T12:00:00.000Z',
    lastActive: '2026-11-23T11:59:00.000Z',
    terminated: null,
    expired: null,
    conflicts: [],
  });
  expect(Object.keys(told).slice(0, 18)).toEqual([
    'id',
    'name',
    'agent',
    'state',
    'workspace',
    'storageType',
    'mobility',
    'region',
    'runner',
    'quotaMb',
    'quotaMeans',
    'usedBytes',
    'durability',
    'synced',
    'reason',
    'snapshot',
    'retention',
    'labels',
  ]);
  expect(sessionJson({ ...AT_REST, snapshot: undefined })).toMatchObject({
    runner: null,
    snapshot: null,
    retention: { requested: null, effective: '7d', clamped: false, expiresAt: null },
  });
});

const change = (name: string, kind: 'added' | 'removed'): Change => {
  const own = Buffer.from(name);
  const entry = { name: own, kind: 'symlink', mode: 0o777, mtime: 0, target: Buffer.from('x') } as const;
  const path = [own];
  return kind === 'added' ? { kind, path, after: entry } : { kind, path, before: entry };
};

it('[C67] a restore shows twenty paths, counts the others, and says how to take it back', () => {
  const changes = Array.from({ length: 25 }, (_, at) => change(`f${at}\x07`, at < 2 ? 'added' : 'removed'));
  const result: RestoredSession = {
    session: 'dev',
    restored: 1,
    replaced: 4,
    snapshot: 5,
    dryRun: false,
    changes,
    changed: { added: 2, removed: 1200, modified: 0 },
    seconds: 0.05,
  };
  const world = captureWorld({ program: 'mctl' });
  const around = { world, terminal: new Terminal(world, {}) };
  const lines = restoreLines(result, around);
  expect(lines.slice(0, 3)).toEqual(['+ f0\\x07', '+ f1\\x07', '- f2\\x07']);
  expect(lines.slice(20)).toEqual([
    '  and 1,182 more',
    'restored dev@1 as @5 in 50 ms: 2 added, 1,200 removed, 0 changed',
    '  mctl sessions restore dev@4  takes it back',
  ]);
  expect(restoreLines({ ...result, dryRun: true, snapshot: undefined }, around).slice(20)).toEqual([
    '  and 1,182 more',
    'would restore dev@1: add 2, remove 1,200, change 0',
    '  against dev@4, the latest checkpoint. What was changed since is not counted, and would be saved first;',
    '  to see it too: strata sessions checkpoint dev, and look again',
  ]);
  expect(restoreJson({ ...result, snapshot: undefined, changes: changes.slice(0, 1) })).toEqual({
    session: 'dev',
    restored: 1,
    replaced: 4,
    snapshot: null,
    dryRun: false,
    changed: { added: 2, removed: 1200, modified: 0 },
    changes: [
      {
        path: 'f0\\x07',
        pathB64: 'ZjAH',
        kind: 'added',
        before: null,
        after: expect.objectContaining({ kind: 'symlink', target: 'x' }),
      },
    ],
    seconds: 0.05,
  });
});

it('[C64] a quota that is used up: how much, the largest files, what to do', () => {
  const quota = {
    usedBytes: 1024 * 1024,
    limitBytes: 1024 * 1024,
    biggest: [
      { path: 'data/big\x1b[31m', bytes: 1_000_000 },
      { path: 'small', bytes: 12 },
    ],
    stopped: true,
  };
  expect(quotaLines('dev', quota, 'watch', 'mctl')).toEqual([
    'the quota of session dev is used up: 1.0 MB of 1.0 MB',
    '  The command was ended for it.',
    '  976.6 KB  data/big\\x1b[31m',
    '      12 B  small',
    '  Delete what is not needed: mctl sessions exec dev -- rm PATH',
    '  or go on with more room: mctl sessions checkpoint dev && mctl sessions fork dev --workspace-quota MB',
  ]);
  const second = (more: object, means: string | undefined) =>
    quotaLines('dev', { ...quota, stopped: false, ...more }, means, 'mctl')[1];
  for (const means of ['filesystem', 'project'])
    expect(second({}, means)).toBe('  The command was refused space.');
  expect(second({}, 'watch')).toBe('  The session is at its quota: commands that add to it are ended.');
  expect(second({ usedBytes: quota.limitBytes + 1 }, 'watch')).toMatch(
    /^ {2}The session is over its quota: /,
  );
  const base = { task: 'task-0123456789ab', exitCode: 137, seconds: 1 };
  const result = { ...base, snapshot: undefined, checkpointFailure: undefined };
  expect(execJson({ ...result, signal: 'SIGKILL', quota })).toEqual({
    task: 'task-0123456789ab',
    exitCode: 137,
    signal: 'SIGKILL',
    seconds: 1,
    snapshot: null,
    quota,
  });
  expect(execJson({ ...result, signal: undefined, quota: undefined })).not.toHaveProperty('quota');
});

it.each([
  [['exec', 'dev', '--', 'ls', '-la'], ['ls', '-la'], true],
  [['exec', 'dev', '--', 'npm', 'run', 'x', '--', '--y'], ['npm', 'run', 'x', '--', '--y'], true],
  [['exec', 'dev', 'ls'], ['ls'], false],
  [['exec', 'dev', 'npm', 'run', 'x', '--', '--y'], ['npm', 'run', 'x', '--y'], false],
  [['exec', '--', 'dev', 'ls'], ['ls'], false],
  [['exec', 'dev', '--'], [], false],
])('[C63] %j: the command is behind --', (all, words, isFine) => {
  if (isFine) expect(commandOf(all, words)).toEqual(words);
  else
    expect(() => commandOf(all, words)).toThrow(
      expect.objectContaining({ code: 'bad_input', hint: expect.stringContaining('--') }),
    );
});
