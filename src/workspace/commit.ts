/** The commit of a snapshot: one transaction, then its head in the store. */

import { StrataError, equalBytes, toHex } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { SnapshotTable, Transaction, WorkspaceTable } from '../db/index.ts';
import { idOf } from '../vault/index.ts';
import type { HeadKind, HeadRecord, SnapshotId, SnapshotRecord } from '../vault/index.ts';
import { checkLivesHere, findWorkspace, locateWorkspace, originOf } from './catalog.ts';
import { tell } from './events.ts';
import { headOf, rowOf } from './snapshot-row.ts';
import type { WorkspaceWorld } from './world.ts';

/** What a commit adds to it: the id, the number and the time. */
export type NewSnapshot = Omit<SnapshotRecord, 'id' | 'number' | 'created'>;

/**
 * A workspace without snapshots yet; `seq` and `fence` count from here. A name is given once, whatever the region, but for replicas.
 *
 * @param replicaOf the workspace in another store that it is to be a replica of
 * @throws already_exists; refused if there is a replica of that name, and this is none
 */
export async function createWorkspace(
  tx: Transaction,
  world: WorkspaceWorld,
  name: string,
  replicaOf?: string,
): Promise<WorkspaceTable> {
  const other = await locateWorkspace(tx, world.vault.name, name);
  if (other !== undefined && (replicaOf === undefined || originOf(other) !== replicaOf)) {
    if (replicaOf === undefined) checkLivesHere(other);
    throw new StrataError('already_exists', `there is a workspace ${name} already`, {
      hint: 'Choose another name. `strata workspaces list` says where each lives.',
      details: { workspace: name, region: other.region },
    });
  }
  const row = {
    id: toHex(world.random(ID_BYTES)),
    tenant: toHex(world.vault.id),
    name,
    created: world.clock(),
    seq: 0,
    fence: 0,
    replica_of: replicaOf ?? null,
  };
  await tx.insertInto('workspaces').values(row).execute();
  return row;
}

/** Puts a snapshot on top of whatever is the latest in the moment of the commit. */
export async function addSnapshot(
  tx: Transaction,
  world: WorkspaceWorld,
  workspace: WorkspaceTable,
  kind: HeadKind,
  snapshot: NewSnapshot,
): Promise<SnapshotTable> {
  const latest = await tx
    .selectFrom('snapshots')
    .select(({ fn }) => fn.max('number').as('number'))
    .where('workspace', '=', workspace.id)
    .executeTakeFirst();
  const id = world.random(ID_BYTES) as SnapshotId;
  const number = (latest?.number ?? 0) + 1;
  const row = rowOf(
    {
      workspace: idOf(workspace.id),
      seq: workspace.seq + 1,
      kind,
      snapshot: { ...snapshot, id, number, created: world.clock() },
    },
    0,
  );
  await tx.insertInto('snapshots').values(row).execute();
  await tx.updateTable('workspaces').set({ seq: row.seq }).where('id', '=', workspace.id).execute();
  const { digest, files, bytes, new_bytes: newBytes } = row;
  await tell(tx, world, {
    kind: 'snapshot.created',
    workspace: workspace.name,
    details: { snapshot: number, kind, digest, files, bytes, newBytes },
  });
  return row;
}

/**
 * Publishes every head of a workspace that is not in the store yet, oldest first: this save's, and those of saves that died
 * between their commit and this.
 *
 * @throws refused if the store has another head under one of the numbers: somebody else writes to it
 */
export async function publishHeads(world: WorkspaceWorld, name: string): Promise<void> {
  const { database, vault, log } = world;
  const workspace = await findWorkspace(database.kysely, toHex(vault.id), name);
  if (workspace === undefined) return;
  const rows = await database.kysely
    .selectFrom('snapshots')
    .selectAll()
    .where('workspace', '=', workspace.id)
    .where('published', '=', 0)
    .orderBy('seq')
    .execute();
  for (const row of rows) {
    const head = headOf(workspace, row);
    if ((await vault.publishHead(head)) === 'exists') await checkSame(world, head);
    const { numUpdatedRows } = await database.kysely
      .updateTable('snapshots')
      .set({ published: 1 })
      .where('workspace', '=', row.workspace)
      .where('id', '=', row.id)
      // A replica that was removed, and is there again, has the same id.
      .where('seq', '=', row.seq)
      .executeTakeFirst();
    // Removed meanwhile: its head would outlive what it needs.
    if (numUpdatedRows === 0n) await vault.deleteHead(head.workspace, head.seq);
    else log?.(`head of ${name}@${row.number} published`);
  }
}

/** Another process of this home may have been faster; another home, or this one with another database, may not. */
async function checkSame({ vault, database }: WorkspaceWorld, head: HeadRecord): Promise<void> {
  let found: HeadRecord;
  try {
    found = await vault.readHead(head.workspace, head.seq);
  } catch (error) {
    const row = await database.kysely
      .selectFrom('snapshots')
      .select('id')
      .where('workspace', '=', toHex(head.workspace))
      .where('id', '=', toHex(head.snapshot.id))
      .where('seq', '=', head.seq)
      .executeTakeFirst();
    // Published by another process, and removed again.
    if (row === undefined) return;
    throw error;
  }
  if (!equalBytes(found.snapshot.id, head.snapshot.id)) throw unknownHead(head.name, head.seq);
}

export function unknownHead(name: string, seq: number): StrataError {
  return new StrataError(
    'refused',
    `the store has a snapshot of workspace ${name} that the database does not know`,
    {
      hint: 'If an older copy of the database was put back, run `strata store rebuild-index`: it takes over what the store has. If two homes share the store, give each its own.',
      details: { workspace: name, seq },
    },
  );
}
