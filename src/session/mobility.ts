/** Where a session may be resumed, and what that takes: storage type × mobility as data. */

import { StrataError } from '../base/index.ts';
import type { Mobility, RunnerTable, SessionTable, StorageType } from '../db/index.ts';

export const STORAGE_TYPES = ['volume', 'pvc', 'cas'] as const satisfies readonly StorageType[];
export const MOBILITIES = ['local', 'shared', 'object_sync'] as const satisfies readonly Mobility[];

/** What a mobility promises. */
interface Reach {
  /** The runners that may resume it. */
  readonly resumes: 'its runner' | 'any of its region' | 'any';
  /** The snapshots are where another machine can get them; else they are on the disk of the runner's machine. */
  readonly leavesMachine: boolean;
}

export const REACH: Readonly<Record<Mobility, Reach>> = {
  local: { resumes: 'its runner', leavesMachine: false },
  shared: { resumes: 'any of its region', leavesMachine: true },
  object_sync: { resumes: 'any', leavesMachine: true },
};

/** Whether the directory stays on the runner once all that is in it is saved. */
export const STAYS: Readonly<Record<StorageType, boolean>> = { volume: true, pvc: true, cas: false };

/** @throws bad_input for `pvc`: it is a claim on storage of a cluster, and there is none */
export function checkStorageType(storageType: StorageType): void {
  if (storageType !== 'pvc') return;
  throw new StrataError('bad_input', 'the storage type pvc needs Kubernetes, and this home has no cluster', {
    hint: 'Take volume, a directory of the runner, or cas, whose files are in the chunk store alone while nobody works.',
    details: { storageType },
  });
}

type Target = Pick<RunnerTable, 'id' | 'name' | 'region'>;

/**
 * Whether a runner may resume a session, as its mobility has it.
 *
 * @param last the runner that it was at work on; undefined: none yet
 * @throws workspace_pinned, region_mismatch
 */
export function checkReach(
  session: Pick<SessionTable, 'name' | 'mobility' | 'region' | 'last_runner'>,
  target: Target,
  last: Target | undefined,
): void {
  const { name, mobility } = session;
  const { resumes } = REACH[mobility];
  if (resumes === 'its runner' && last !== undefined && last.id !== target.id)
    throw new StrataError(
      'workspace_pinned',
      `the workspace of session ${name} is pinned to runner ${last.name}: its mobility is ${mobility}`,
      {
        hint: `Resume it there: \`strata sessions resume ${name} --runner ${last.name}\`. \`strata sessions fork ${name}\` with another mobility makes one that can move.`,
        details: { session: name, mobility, runner: last.name, asked: target.name },
      },
    );
  if (resumes === 'any of its region' && session.region !== target.region)
    throw new StrataError(
      'region_mismatch',
      `session ${name} is of region ${session.region}, and runner ${target.name} of ${target.region}: its mobility is ${mobility}`,
      {
        hint: `Resume it in its region: \`strata sessions resume ${name} --region ${session.region}\`. object_sync is the mobility that crosses regions.`,
        details: { session: name, mobility, region: session.region, asked: target.region },
      },
    );
}
