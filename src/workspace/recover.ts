/** Workspaces and snapshots from the published heads, for a home that has lost its database. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import type { HeadRecord } from '../vault/index.ts';
import { rowOf } from './snapshot-row.ts';
import { everyWorkspace, originOf } from './catalog.ts';
import type { Located } from './catalog.ts';
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
  const { seq, fence, snapshot, origin } = head;
  if (await wasRemoved(tx, id, seq)) return false;
  const name = await freeName(tx, vault, head);
  // Heads come in ascending order, so the last one of a workspace gives its name and number.
  await tx
    .insertInto('workspaces')
    .values({
      id,
      tenant: toHex(vault.id),
      name,
      created: snapshot.created,
      seq,
      fence,
      replica_of: origin === undefined ? null : toHex(origin),
    })
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

/**
 * Two workspaces have one name when an older database was put back, and the name was given again, in this region or another. A workspace
 * and its replicas elsewhere have one in any case.
 */
async function freeName(
  tx: Transaction,
  vault: WorkspaceWorld['vault'],
  { name, workspace, origin = workspace }: HeadRecord,
): Promise<string> {
  const id = toHex(workspace);
  const others = (await everyWorkspace(tx, vault.name, name)).filter((row) => row.id !== id);
  const isInTheWay = (row: Located) => row.tenant === toHex(vault.id) || originOf(row) !== toHex(origin);
  if (!others.some(isInTheWay)) return name;
  return `${name.slice(0, MAX_NAME - ID_SHOWN - 1)}-${id.slice(0, ID_SHOWN)}`;
}

/**
 * A snapshot that was committed but could never be published, because the store has another one of its number, goes on top. A replica
 * keeps its number, which is not ours to give: it goes if that is taken, and can be replicated again.
 */
async function makeWay(tx: Transaction, { workspace, seq, snapshot, origin }: HeadRecord): Promise<void> {
  const rows = await tx
    .selectFrom('snapshots')
    .select(['id', 'number', 'seq', 'published'])
    .where('workspace', '=', toHex(workspace))
    .execute();
  const others = rows.filter((row) => row.published === 0 && row.id !== toHex(snapshot.id));
  if (origin !== undefined)
    for (const row of others.filter(({ number }) => number === snapshot.number))
      await tx
        .deleteFrom('snapshots')
        .where('workspace', '=', toHex(workspace))
        .where('id', '=', row.id)
        .execute();
  const inTheWay = others.find(
    (row) => (origin === undefined && row.number === snapshot.number) || row.seq === seq,
  );
  if (inTheWay === undefined) return;
  const top = {
    number:
      origin === undefined
        ? Math.max(...rows.map((row) => row.number), snapshot.number) + 1
        : inTheWay.number,
    seq: Math.max(...rows.map((row) => row.seq), seq) + 1,
  };
  await tx
    .updateTable('snapshots')
    .set(top)
    .where('workspace', '=', toHex(workspace))
    .where('id', '=', inTheWay.id)
    .execute();
  await tx.updateTable('workspaces').set({ seq: top.seq }).where('id', '=', toHex(workspace)).execute();
}
