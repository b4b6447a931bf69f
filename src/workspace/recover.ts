/** Workspaces and snapshots from the published heads, for a home that has lost its database. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import type { HeadRecord } from '../vault/index.ts';
import { rowOf } from './snapshot-row.ts';
import { locateWorkspace } from './catalog.ts';
import { MAX_NAME } from './name.ts';
import type { WorkspaceWorld } from './world.ts';

/** Digits of its id that tell a workspace from another of its name. */
const ID_SHOWN = 8;

export interface Recovered {
  readonly workspaces: number;
  readonly snapshots: number;
  /** Names of heads that are damaged. */
  readonly unreadable: readonly string[];
}

/**
 * Writes the rows that are missing. The database may be an older copy that was put back, and may have gone on from there: what it has
 * acknowledged stays, and so does what the store tells.
 */
export async function recoverWorkspaces(
  world: Pick<WorkspaceWorld, 'vault' | 'database'>,
  options: Cancellable = {},
): Promise<Recovered> {
  const { vault, database } = world;
  const workspaces = new Set<string>();
  const unreadable: string[] = [];
  let snapshots = 0;
  for await (const head of vault.heads(options, unreadable)) {
    if (!(await database.transaction((tx) => recoverHead(tx, vault, head), options))) continue;
    workspaces.add(toHex(head.workspace));
    snapshots++;
  }
  return { workspaces: workspaces.size, snapshots, unreadable };
}

/** @returns false if it was removed, and only its object is still there */
async function recoverHead(
  tx: Transaction,
  vault: WorkspaceWorld['vault'],
  head: HeadRecord,
): Promise<boolean> {
  const id = toHex(head.workspace);
  const { seq, fence, snapshot } = head;
  if (await wasRemoved(tx, id, seq)) return false;
  const name = await freeName(tx, vault.name, head.name, id);
  // Heads come in ascending order, so the last one of a workspace gives its name and number.
  await tx
    .insertInto('workspaces')
    .values({ id, tenant: toHex(vault.id), name, created: snapshot.created, seq, fence })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet({ name, seq, fence }).where('workspaces.seq', '<', seq),
    )
    .execute();
  await makeWay(tx, head);
  await tx
    .insertInto('snapshots')
    .values(rowOf(head, 1))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return true;
}

async function wasRemoved(tx: Transaction, workspace: string, seq: number): Promise<boolean> {
  const row = await tx
    .selectFrom('removed_heads')
    .select('seq')
    .where('workspace', '=', workspace)
    .where('seq', '=', seq)
    .executeTakeFirst();
  return row !== undefined;
}

/** Two workspaces have one name when an older database was put back, and the name was given again, in this region or another. */
async function freeName(tx: Transaction, tenantName: string, name: string, id: string): Promise<string> {
  const taken = await locateWorkspace(tx, tenantName, name);
  if (taken === undefined || taken.id === id) return name;
  return `${name.slice(0, MAX_NAME - ID_SHOWN - 1)}-${id.slice(0, ID_SHOWN)}`;
}

/** A snapshot that was committed but could never be published, because the store has another one of its number, goes on top. */
async function makeWay(tx: Transaction, { workspace, seq, snapshot }: HeadRecord): Promise<void> {
  const rows = await tx
    .selectFrom('snapshots')
    .select(['id', 'number', 'seq', 'published'])
    .where('workspace', '=', toHex(workspace))
    .execute();
  const inTheWay = rows.find(
    (row) =>
      row.published === 0 &&
      row.id !== toHex(snapshot.id) &&
      (row.number === snapshot.number || row.seq === seq),
  );
  if (inTheWay === undefined) return;
  const top = {
    number: Math.max(...rows.map((row) => row.number), snapshot.number) + 1,
    seq: Math.max(...rows.map((row) => row.seq), seq) + 1,
  };
  await tx.updateTable('snapshots').set(top).where('id', '=', inTheWay.id).execute();
  await tx.updateTable('workspaces').set({ seq: top.seq }).where('id', '=', toHex(workspace)).execute();
}
