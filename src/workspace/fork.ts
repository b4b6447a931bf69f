/** A new workspace that starts from another one's snapshot: two rows and a head, whatever the size. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SnapshotTable, Transaction } from '../db/index.ts';
import { idOf } from '../vault/index.ts';
import { getSnapshot, snapshotInfo } from './catalog.ts';
import { addSnapshot, createWorkspace, publishHeads } from './commit.ts';
import { tell } from './events.ts';
import { checkName, parseWholeRef } from './name.ts';
import { checkHeads } from './older.ts';
import type { SnapshotInfo } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

export interface ForkOptions extends Cancellable {
  /** In the transaction that makes the workspace. */
  readonly also?: ((tx: Transaction, snapshot: SnapshotTable) => Promise<void>) | undefined;
}

/** @throws already_exists, or refused if it is a replica, or the store has lost what is newest; workspace_not_found, snapshot_not_found */
export async function forkWorkspace(
  world: WorkspaceWorld,
  ref: string,
  name: string,
  { signal, also }: ForkOptions = {},
): Promise<SnapshotInfo> {
  const wanted = parseWholeRef(ref, 'A fork has a whole snapshot.');
  checkName(name);
  await world.vault.checkOwner({ signal });
  await checkHeads(world, wanted.workspace, { signal });
  const tenant = toHex(world.vault.id);
  const { row, parent } = await world.database.transaction(
    async (tx) => {
      const source = await getSnapshot(tx, tenant, wanted);
      const workspace = await createWorkspace(tx, world, name);
      await tell(tx, world, {
        kind: 'workspace.forked',
        workspace: name,
        details: { from: `${source.workspace.name}@${source.row.number}` },
      });
      const forked = await addSnapshot(tx, world, workspace, 'fork', {
        root: source.root,
        newBytes: 0,
        storedBytes: 0,
        message: '',
        parent: { workspace: idOf(source.workspace.id), number: source.row.number },
      });
      await also?.(tx, forked);
      return { row: forked, parent: source };
    },
    { signal },
  );
  await publishHeads(world, name);
  return snapshotInfo(name, row, parent.workspace.name);
}
