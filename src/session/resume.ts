/** A suspended session goes to a runner: a lease, its files, and it is active. */

import { StrataError, formatBytes } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import { recordEvent } from '../workspace/index.ts';
import type { SnapshotInfo } from '../workspace/index.ts';
import { claimSession } from './claim.ts';
import { keepConflict } from './conflict-files.ts';
import { takeLease } from './lease.ts';
import { checkReach } from './mobility.ts';
import { fill } from './open-place.ts';
import { SessionPlace } from './place.ts';
import type { Marker } from './place.ts';
import { latestSnapshot } from './save-files.ts';
import { runnerWithId } from './runner-rows.ts';
import type { SaveFilesOptions } from './save-files.ts';
import type { SessionWorld } from './world.ts';

export interface ResumeOptions extends SaveFilesOptions {
  /** Go on from the last snapshot, though another runner has newer files. */
  readonly acceptLoss?: boolean | undefined;
}

const MIB = 1024 * 1024;

/**
 * @throws session_not_found, workspace_expired; conflict if it is not suspended; workspace_pinned, region_mismatch; not_synced if another runner
 *   has newer files; quota_exceeded if its snapshot is larger than its quota; as a restore: then it is suspended as before
 */
export async function resumeSession(
  world: SessionWorld,
  ref: string,
  options: ResumeOptions = {},
): Promise<void> {
  const { signal } = options;
  await using claim = await claimSession(world, ref, {
    operation: 'resume',
    from: ['suspended'],
    to: 'resuming',
    signal,
    also: async (tx, row) => {
      const last = await runnerWithId(tx, row.last_runner);
      checkReach(row, world.runner, last);
      const hasFiles = row.last_runner === world.runner.id || sharesFiles(world, row);
      const latest = await latestSnapshot(tx, row);
      if (row.unsaved === 1 && !hasFiles && options.acceptLoss !== true)
        throw notSynced(row, last?.name, latest, world.clock());
      if (!(row.unsaved === 1 && hasFiles)) checkFits(row, latest);
      await recordEvent(tx, world, {
        kind: 'session.resuming',
        session: row.name,
        details: { runner: world.runner.name, region: world.runner.region },
      });
      return takeLease(tx, world, row.workspace!);
    },
  });
  const { session } = claim;
  const place = new SessionPlace(world, session);
  const latest = await latestSnapshot(world.database.kysely, session);
  const before = place.marker;
  const limited = await place.open(options);
  const facts = { fence: session.fence, snapshot: latest?.snapshot, means: limited.means };
  const goesOn =
    before !== undefined &&
    ((session.unsaved === 1 && hasUnsaved(session, before)) ||
      (before.state === 'clean' && before.snapshot === latest?.snapshot));
  if (goesOn) place.mark('dirty', { ...facts, snapshot: before.snapshot });
  else {
    if (before?.state === 'dirty' || before?.state === 'clean')
      await keepConflict(world, session, place, limited, before, options);
    if (latest === undefined) place.mark('dirty', facts);
    else await fill(world, session, place, limited, latest.snapshot, options);
  }
  await claim.end(
    {
      state: 'active',
      unsaved: 0,
      durability: 'local',
      reason: null,
      tries: 0,
      retry_at: null,
      quota_means: limited.means,
      last_active: world.clock(),
    },
    (tx) =>
      recordEvent(tx, world, {
        kind: 'session.active',
        session: session.name,
        details: {
          runner: world.runner.name,
          region: world.runner.region,
          snapshot: latest?.snapshot ?? null,
          lost: session.unsaved === 1 && !goesOn,
        },
      }),
  );
}

/** On a file system that runners share, one of them finds what another one left; elsewhere it may find what is older. */
function sharesFiles(world: SessionWorld, row: SessionTable): boolean {
  if (row.mobility !== 'shared' || row.storage_type !== 'volume') return false;
  const { marker } = new SessionPlace(world, row);
  return marker !== undefined && hasUnsaved(row, marker);
}

/** A later lease may have been taken on the same files, and come to nothing. */
function hasUnsaved({ unsaved_fence }: SessionTable, { state, fence }: Marker): boolean {
  return state === 'dirty' && unsaved_fence !== null && fence >= unsaved_fence;
}

function checkFits({ name, quota_mb }: SessionTable, latest: SnapshotInfo | undefined): void {
  const limit = quota_mb * MIB;
  if (latest === undefined || latest.bytes <= limit) return;
  throw new StrataError(
    'quota_exceeded',
    `${name}@${latest.snapshot} has ${formatBytes(latest.bytes)}, and the quota of session ${name} is ${formatBytes(limit)}`,
    {
      hint: 'Fork it with a larger --workspace-quota, or restore a smaller checkpoint first.',
      details: { session: name, snapshot: latest.snapshot, usedBytes: latest.bytes, limitBytes: limit },
    },
  );
}

function notSynced(
  { name, reason }: SessionTable,
  runner: string | undefined,
  latest: SnapshotInfo | undefined,
  now: number,
): StrataError {
  const age = latest && Math.max(0, Math.round((now - latest.created) / 1000));
  const since =
    latest === undefined
      ? 'there is no checkpoint'
      : `the last checkpoint, ${name}@${latest.snapshot}, is ${age} s old`;
  return new StrataError(
    'not_synced',
    `runner ${runner} has files of session ${name} that are not saved (${reason ?? 'no reason is known'}); ${since}`,
    {
      hint: `Resume it there: \`strata sessions resume ${name} --runner ${runner}\`. With --accept-loss it goes on from the checkpoint; what the runner has is kept aside when it comes back.`,
      details: { session: name, runner, reason, snapshot: latest?.snapshot, checkpointAgeSeconds: age },
    },
  );
}
