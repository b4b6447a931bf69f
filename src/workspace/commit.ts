/** The commit of a snapshot: one transaction, then its head in the store. */

import { StrataError, fromHex, toHex } from '../base/index.ts';
import type { SnapshotTable, Transaction, WorkspaceTable } from '../db/index.ts';
import { encodeRoot } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';
import type { HeadRecord, SnapshotId, WorkspaceId } from '../vault/index.ts';
import { findWorkspace, rootOf } from './catalog.ts';
import type { WorkspaceWorld } from './world.ts';

const ID_BYTES = 16;

export interface NewSnapshot {
  readonly kind: SnapshotTable['kind'];
  readonly root: Root;
  readonly newBytes: number;
  readonly storedBytes: number;
  readonly message: string;
  readonly parent?: { readonly workspace: string; readonly number: number };
}

/** A workspace without snapshots yet; `seq` and `fence` count from here. */
export async function createWorkspace(
  tx: Transaction,
  world: WorkspaceWorld,
  name: string,
): Promise<WorkspaceTable> {
  const row = {
    id: toHex(world.random(ID_BYTES)),
    tenant: toHex(world.vault.id),
    name,
    created: world.clock(),
    seq: 0,
    fence: 0,
  };
  await tx.insertInto('workspaces').values(row).execute();
  return row;
}

/** Puts a snapshot on top of whatever is the latest in the moment of the commit. */
export async function addSnapshot(
  tx: Transaction,
  world: WorkspaceWorld,
  workspace: WorkspaceTable,
  snapshot: NewSnapshot,
): Promise<SnapshotTable> {
  const latest = await tx
    .selectFrom('snapshots')
    .select(({ fn }) => fn.max('number').as('number'))
    .where('workspace', '=', workspace.id)
    .executeTakeFirst();
  const { summary, digest } = snapshot.root.tree;
  const row: SnapshotTable = {
    id: toHex(world.random(ID_BYTES)),
    workspace: workspace.id,
    number: (latest?.number ?? 0) + 1,
    seq: workspace.seq + 1,
    kind: snapshot.kind,
    created: world.clock(),
    root: encodeRoot(snapshot.root),
    digest: toHex(digest),
    files: summary.files,
    directories: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    new_bytes: snapshot.newBytes,
    stored_bytes: snapshot.storedBytes,
    message: snapshot.message,
    parent_workspace: snapshot.parent?.workspace ?? null,
    parent_number: snapshot.parent?.number ?? null,
    published: 0,
  };
  await tx.insertInto('snapshots').values(row).execute();
  await tx.updateTable('workspaces').set({ seq: row.seq }).where('id', '=', workspace.id).execute();
  return row;
}

/**
 * Publishes every head of a workspace that is not in the store yet, oldest first: this save's, and those of saves that died
 * between their commit and this.
 *
 * @throws refused if the store has another head under one of the numbers: somebody else writes to it
 */
export async function publishHeads(world: WorkspaceWorld, name: string): Promise<void> {
  const { database, vault } = world;
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
    await database.kysely.updateTable('snapshots').set({ published: 1 }).where('id', '=', row.id).execute();
  }
}

/** Another process of this home may have been faster; another home may not. */
async function checkSame({ vault }: WorkspaceWorld, head: HeadRecord): Promise<void> {
  const found = await vault.readHead(head.workspace, head.seq);
  if (toHex(found.snapshot.id) === toHex(head.snapshot.id)) return;
  throw new StrataError('refused', `another home has written head ${head.seq} of workspace ${head.name}`, {
    hint: 'A store has one owner. Use a store of its own for each home.',
    details: { workspace: head.name, seq: head.seq },
  });
}

function headOf(workspace: WorkspaceTable, row: SnapshotTable): HeadRecord {
  const parent =
    row.parent_workspace === null || row.parent_number === null
      ? undefined
      : { workspace: idOf<WorkspaceId>(row.parent_workspace), number: row.parent_number };
  return {
    workspace: idOf<WorkspaceId>(workspace.id),
    seq: row.seq,
    fence: workspace.fence,
    name: workspace.name,
    kind: row.kind,
    snapshot: {
      id: idOf<SnapshotId>(row.id),
      number: row.number,
      created: row.created,
      root: rootOf(row),
      newBytes: row.new_bytes,
      storedBytes: row.stored_bytes,
      message: row.message,
      parent,
    },
  };
}

function idOf<Id extends Uint8Array>(hex: string): Id {
  return fromHex(hex, ID_BYTES) as Id;
}
