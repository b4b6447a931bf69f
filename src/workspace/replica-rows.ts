/** What the database of a store knows of a workspace that lives in another one. */

import { StrataError, toHex } from '../base/index.ts';
import type { SnapshotTable, Transaction, WorkspaceTable } from '../db/index.ts';
import { idOf } from '../vault/index.ts';
import type { SnapshotRecord } from '../vault/index.ts';
import { findWorkspace, originOf } from './catalog.ts';
import type { FoundSnapshot } from './catalog.ts';
import { createWorkspace } from './commit.ts';
import { tell } from './events.ts';
import { headOf, rowOf } from './snapshot-row.ts';
import type { Query, WorkspaceWorld } from './world.ts';

/** A snapshot that is to be replicated, as its own store tells of it. */
export interface Original extends FoundSnapshot {
  /** Of the store that it is in. */
  readonly region: string;
  /** All snapshots of its workspace, the oldest first. */
  readonly history: readonly Pick<SnapshotTable, 'id' | 'number' | 'created'>[];
}

export interface FoundReplica {
  /** Undefined: there is none yet. */
  readonly workspace: WorkspaceTable | undefined;
  /** The oldest first. */
  readonly rows: readonly SnapshotTable[];
  /** The snapshot that was asked for. */
  readonly same: SnapshotTable | undefined;
}

export async function historyOf(query: Query, workspace: string): Promise<Original['history']> {
  return query
    .selectFrom('snapshots')
    .select(['id', 'number', 'created'])
    .where('workspace', '=', workspace)
    .orderBy('number')
    .execute();
}

/**
 * What there is of it already.
 *
 * @throws refused if a workspace of that name lives there; conflict if it is a replica of another one, or if there are snapshots of the
 *   same number that differ
 */
export async function findReplica(
  query: Query,
  { vault }: WorkspaceWorld,
  { workspace: source, row, history }: Original,
): Promise<FoundReplica> {
  const { name } = source;
  const workspace = await findWorkspace(query, toHex(vault.id), name);
  if (workspace === undefined) return { workspace, rows: [], same: undefined };
  checkReplicaOf(workspace, originOf(source));
  const rows = await query
    .selectFrom('snapshots')
    .selectAll()
    .where('workspace', '=', workspace.id)
    .orderBy('number')
    .execute();
  const ids = new Map(history.map(({ number, id }) => [number, id]));
  for (const { number, id, digest } of rows) {
    const isOther = ids.has(number) && ids.get(number) !== id;
    if (isOther || (id === row.id && digest !== row.digest)) throw diverged(name, number);
  }
  return { workspace, rows, same: rows.find(({ id }) => id === row.id) };
}

function checkReplicaOf({ name, replica_of }: WorkspaceTable, origin: string): void {
  if (replica_of === origin) return;
  const details = { workspace: name, origin, replicaOf: replica_of };
  if (replica_of === null)
    throw new StrataError(
      'refused',
      `a workspace ${name} lives in the other store: no replica takes its place`,
      {
        hint: `Fork ${name} under another name, and replicate that; or remove the other one.`,
        details,
      },
    );
  throw new StrataError(
    'conflict',
    `${name} in the other store is a replica of another workspace of that name`,
    {
      hint: `If that is gone for good, remove its replica there with \`strata workspaces rm ${name}\`, then replicate again.`,
      details,
    },
  );
}

function diverged(name: string, number: number): StrataError {
  return new StrataError(
    'conflict',
    `${name}@${number} is another snapshot in the other store than it is here`,
    {
      hint: `One of the two went on from an older copy of its database. Remove the replica with \`strata workspaces rm ${name}\` there, or fork it to keep it, then replicate again.`,
      details: { workspace: name, snapshot: number },
    },
  );
}

/** In the transaction that commits what was copied. @param copied what that took */
export async function addReplica(
  tx: Transaction,
  target: WorkspaceWorld,
  { workspace: source, row, region: from }: Original,
  known: FoundReplica['workspace'],
  copied: Pick<SnapshotRecord, 'newBytes' | 'storedBytes'>,
): Promise<SnapshotTable> {
  const origin = originOf(source);
  const workspace = known ?? (await createWorkspace(tx, target, source.name, origin));
  const seq = workspace.seq + 1;
  const { snapshot } = headOf(source, row);
  const added = rowOf(
    { workspace: idOf(workspace.id), seq, kind: 'replica', snapshot: { ...snapshot, ...copied } },
    0,
  );
  await tx.insertInto('snapshots').values(added).execute();
  const fence = Math.max(workspace.fence, source.fence);
  await tx.updateTable('workspaces').set({ seq, fence }).where('id', '=', workspace.id).execute();
  const { number, digest, files, bytes } = row;
  await tell(tx, target, {
    kind: 'workspace.replicated',
    workspace: source.name,
    details: { snapshot: number, digest, files, bytes, newBytes: copied.newBytes, from, to: target.region },
  });
  return added;
}
