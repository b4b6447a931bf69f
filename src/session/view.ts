/** What a session is, for people and programs. */

import { join } from 'node:path';

import type { SessionState, SessionTable } from '../db/index.ts';
import { conflictsOf } from './conflict-files.ts';
import { REACH, STAYS } from './mobility.ts';
import { retentionOf } from './retention.ts';
import type { Labels, SessionInfo } from './results.ts';
import { getSession } from './rows.ts';
import { latestSnapshot } from './save-files.ts';
import { runningTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

type ViewWorld = Pick<SessionWorld, 'tenant' | 'retention'> & {
  readonly database: Pick<SessionWorld['database'], 'kysely'>;
};

/** @throws session_not_found */
export async function showSession(world: ViewWorld, ref: string): Promise<SessionInfo> {
  return sessionInfo(world, await getSession(world.database.kysely, world.tenant, ref));
}

export interface ListOptions {
  readonly state?: SessionState | undefined;
  /** All of these. */
  readonly labels?: Labels | undefined;
  /** Also those whose workspace is gone. */
  readonly all?: boolean | undefined;
}

/** Newest first. */
export async function listSessions(
  world: ViewWorld,
  { state, labels = {}, all = false }: ListOptions = {},
): Promise<SessionInfo[]> {
  let wanted = world.database.kysely
    .selectFrom('sessions')
    .selectAll()
    .where('tenant', '=', world.tenant)
    .orderBy('created', 'desc')
    .orderBy('id');
  if (!all) wanted = wanted.where('expired', 'is', null);
  if (state !== undefined) wanted = wanted.where('state', '=', state);
  const found = (await wanted.execute()).filter((row) => {
    const own = labelsOf(row);
    return Object.entries(labels).every(([name, value]) => own[name] === value);
  });
  const infos: SessionInfo[] = [];
  for (const row of found) infos.push(await sessionInfo(world, row));
  return infos;
}

export async function sessionInfo(
  { database: { kysely }, retention }: ViewWorld,
  row: SessionTable,
): Promise<SessionInfo> {
  const { workspace, mobility, durability, state } = row;
  const latest = await latestSnapshot(kysely, row);
  const runners = await kysely
    .selectFrom('runners')
    .select(['id', 'name', 'base_dir'])
    .where('id', 'in', [row.runner ?? '', row.last_runner ?? ''])
    .execute();
  const runner = runners.find(({ id }) => id === row.runner);
  const last = runners.find(({ id }) => id === row.last_runner);
  const hasDirectory =
    runner !== undefined || row.unsaved === 1 || (state === 'suspended' && STAYS[row.storage_type]);
  const isAtRest = state === 'suspended' || state === 'terminated';
  return {
    id: row.id,
    name: row.name,
    agent: row.agent,
    state,
    workspace: row.name,
    storageType: row.storage_type,
    mobility,
    region: row.region,
    storeRegion: row.store_region,
    runner: runner?.name,
    lastRunner: last?.name,
    directory: hasDirectory && last !== undefined ? join(last.base_dir, row.id) : undefined,
    quotaMb: row.quota_mb,
    quotaMeans: row.quota_means ?? undefined,
    usedBytes: row.used,
    durability,
    synced:
      isAtRest &&
      row.expired === null &&
      row.unsaved === 0 &&
      durability === 'durable' &&
      REACH[mobility].leavesMachine,
    reason: row.reason ?? undefined,
    snapshot: latest?.snapshot,
    snapshotCreated: latest?.created,
    runningTasks: (await runningTasks(kysely, row.id, row.runner)).length,
    retention: retentionOf(row, retention),
    held: row.held === 1,
    idleTimeout: row.idle_timeout,
    checkpointEach: row.checkpoint_each === 1,
    labels: labelsOf(row),
    created: row.created,
    lastActive: row.last_active,
    terminated: row.terminated ?? undefined,
    expired: row.expired ?? undefined,
    conflicts: workspace === null ? [] : await conflictsOf(kysely, workspace),
  };
}

/** Written by ourselves, so it is as it should be. */
export function labelsOf({ labels }: Pick<SessionTable, 'labels'>): Labels {
  return JSON.parse(labels) as Labels;
}
