import { expect, it } from 'vitest';

import type { SessionInfo } from '../session/index.ts';
import { sessionLines } from './session-block.ts';
import { durabilityText, savedWord } from './session-durability.ts';
import { AT_REST, AT_WORK, DAY, NOW } from './session.fixture.ts';

const lines = (session: SessionInfo, range?: { min: number; max: number }) =>
  sessionLines(session, { now: NOW, program: 'mctl', range });
const row = (session: SessionInfo, what: string, range?: { min: number; max: number }) =>
  lines(session, range)
    .find((line) => line.startsWith(`  ${what} `))
    ?.slice(14);

it('[C60] a session at work, a line for each thing', () => {
  expect(lines({ ...AT_WORK, labels: { team: 'web', stage: 'te\x1bst' }, runningTasks: 1 })).toEqual([
    '  state       active, 1 command at work in it',
    '  id          session-0123456789ab',
    '  agent       claude',
    '  labels      team=web, stage=te\\x1bst',
    '  runner      shelf, region default',
    '  directory   /srv/workspaces/session-0123456789ab',
    '  storage     volume, mobility object_sync',
    '  quota       3.0 MB of 20.0 GB at the last checkpoint, kept by a file system of its own',
    '  checkpoint  dev@2, 5 min ago',
    '  files       local: what is newer than dev@2 is on runner shelf alone',
    '  idle        suspended after 30m',
    '  retention   7d after its end',
  ]);
});

it('[C60] what is not there takes no line, and what is unusual is told', () => {
  const bare: SessionInfo = {
    ...AT_REST,
    id: 'dev',
    agent: '',
    quotaMeans: undefined,
    lastRunner: undefined,
    storeRegion: 'eu',
    held: true,
    conflicts: ['dev.conflict-3'],
  };
  expect(lines(bare)).toEqual([
    '  state       suspended, held',
    '  runner      none yet, region default',
    '  storage     volume, mobility object_sync',
    '  quota       3.0 MB of 20.0 GB at the last checkpoint',
    '  checkpoint  dev@2, 5 min ago, in region eu',
    '  files       durable, synced: all of it is in the store, as dev@2',
    '  retention   7d after its end',
    '  conflict    dev.conflict-3 has what a runner had when its lease was over',
  ]);
});

it.each<[string, Partial<SessionInfo>, string, string]>([
  ['synced', {}, 'durable, synced: all of it is in the store, as dev@2', 'synced'],
  [
    'idle and of this machine',
    { mobility: 'local', durability: 'local', synced: false, reason: 'idle' },
    'local: dev@2 is on the machine of runner shelf alone',
    'local',
  ],
  [
    'that was at work on no runner yet, as a fork',
    { mobility: 'local', durability: 'local', synced: false, lastRunner: undefined },
    'local: dev@2 is on this machine alone',
    'local',
  ],
  [
    'with the store away',
    { durability: 'local', synced: false, reason: 'store_unavailable: no\u202e answer' },
    'local: its newest files are on runner shelf alone, as the store was away: no\\xe2\\x80\\xae answer',
    'local',
  ],
  [
    'that lost its runner',
    { durability: 'local', synced: false, reason: 'runner_lost' },
    'local: its newest files are on runner shelf alone, as its runner was lost',
    'local',
  ],
  [
    'that lost its runner in the middle of a save',
    { durability: 'uploaded', synced: false, reason: 'runner_lost' },
    'uploaded: its newest files are on runner shelf alone, as its runner was lost',
    'uploaded',
  ],
  [
    'whose head is not in the store',
    { durability: 'uploaded', synced: false, reason: 'store_unavailable: refused' },
    'uploaded: dev@2 is in the store, the head that tells of it is not: the store was away: refused',
    'uploaded',
  ],
  ['expired', { expired: NOW - DAY }, 'gone: the time was over for which its files were kept', 'gone'],
  [
    'at work',
    { state: 'active', runner: 'shelf', synced: false, durability: 'local' },
    'local: what is newer than dev@2 is on runner shelf alone',
    'local',
  ],
  [
    'new',
    { state: 'pending', lastRunner: undefined, synced: false, durability: 'local', snapshot: undefined },
    'local: all that it has is on no runner yet',
    'local',
  ],
])('[C65] the files of one %s', (_, more, text, word) => {
  const session = { ...AT_REST, ...more };
  expect(durabilityText(session)).toBe(text);
  expect(savedWord(session)).toBe(word);
  // It is not called so in other words either.
  if (!session.synced) expect(lines(session).join('\n')).not.toMatch(/synced/);
});

it('[C65] unsaved files are told with why, the age of the last checkpoint, and what to do', () => {
  const lost: SessionInfo = { ...AT_REST, durability: 'local', synced: false, reason: 'runner_lost' };
  expect(row(lost, 'state')).toBe('suspended: its runner was lost');
  expect(row(lost, 'checkpoint')).toBe('dev@2, 5 min ago');
  expect(lines(lost).slice(-4)).toEqual([
    '',
    '  mctl sessions suspend dev                tries again to save them',
    '  mctl sessions resume dev --runner shelf  goes on with them',
    '  mctl sessions resume dev --accept-loss   goes on elsewhere without them',
  ]);
  const never: SessionInfo = { ...lost, snapshot: undefined, snapshotCreated: undefined, usedBytes: 0 };
  expect(row(never, 'checkpoint')).toBe('none');
  expect(row(never, 'quota')).toBe('0 B of 20.0 GB, kept by a file system of its own');
});

it('[C66] retention that was cut is told with what was asked for and what is allowed', () => {
  const range = { min: DAY, max: 30 * DAY };
  const cut = { requested: 90 * DAY, effective: 30 * DAY, clamped: true, expiresAt: undefined };
  expect(row({ ...AT_WORK, retention: cut }, 'retention', range)).toBe(
    '30d after its end; 90d was asked for, and 1d to 30d is allowed',
  );
  const ended: SessionInfo = {
    ...AT_REST,
    state: 'terminated',
    terminated: NOW - DAY,
    held: true,
    retention: { requested: 0, effective: DAY, clamped: true, expiresAt: NOW },
  };
  expect(row(ended, 'state')).toBe('terminated 1 day ago, held');
  expect(row(ended, 'retention', range)).toMatch(
    /^until 2026-11-2\d \d\d:\d\d \(1d\), and as long as it is held; 0 was asked for, and 1d to 30d is allowed$/,
  );
  expect(row({ ...ended, expired: NOW }, 'retention')).toMatch(/^over since 2026-11-2\d/);
  expect(row(AT_WORK, 'retention', range)).toBe('7d after its end');
});
