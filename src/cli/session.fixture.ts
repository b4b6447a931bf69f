/** A session as the engine tells of it, for tests of what is made of that. */

import type { SessionInfo } from '../session/index.ts';

/** 2026-11-23 12:00 UTC. */
export const NOW = Date.UTC(2026, 10, 23, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** At work on `shelf`, with two checkpoints. */
export const AT_WORK: SessionInfo = {
  id: 'session-0123456789ab',
  name: 'dev',
  agent: 'claude',
  state: 'active',
  workspace: 'dev',
  storageType: 'volume',
  mobility: 'object_sync',
  region: 'default',
  storeRegion: 'default',
  runner: 'shelf',
  lastRunner: 'shelf',
  directory: '/srv/workspaces/session-0123456789ab',
  quotaMb: 20_480,
  quotaMeans: 'filesystem',
  usedBytes: 3 * 1024 * 1024,
  durability: 'local',
  synced: false,
  reason: undefined,
  snapshot: 2,
  snapshotCreated: NOW - 5 * MINUTE,
  runningTasks: 0,
  retention: { requested: undefined, effective: 7 * DAY, clamped: false, expiresAt: undefined },
  held: false,
  idleTimeout: 30 * MINUTE,
  checkpointEach: false,
  labels: {},
  created: NOW - DAY,
  lastActive: NOW - MINUTE,
  terminated: undefined,
  expired: undefined,
  conflicts: [],
};

export const AT_REST: SessionInfo = {
  ...AT_WORK,
  state: 'suspended',
  runner: undefined,
  directory: undefined,
  durability: 'durable',
  synced: true,
};
