/** An earlier snapshot becomes the latest of its workspace: a row and a head, whatever the size. Those between stay. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SnapshotTable, Transaction } from '../db/index.ts';
import { idOf } from '../vault/index.ts';
import { getSnapshot, snapshotInfo } from './catalog.ts';
import { addSnapshot, publishHeads } from './commit.ts';
import { checkFence } from './fence.ts';
import { parseWholeRef } from './name.ts';
import { checkHeads } from './older.ts';
import type { SnapshotInfo } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

export interface PutBackOptions extends Cancellable {
  /** Of the lease that this is done under. */
  readonly fence: number;
  /** In the transaction of the commit. */
  readonly also?: ((tx: Transaction, snapshot: SnapshotTable) => Promise<void>) | undefined;
}

/** @param ref `NAME@SNAPSHOT` @throws workspace_not_found, snapshot_not_found; lease_lost; refused if the store has lost what is newest */
export async function putBack(
  world: WorkspaceWorld,
  ref: string,
  { fence, also, signal }: PutBackOptions,
): Promise<SnapshotInfo> {
  const wanted = parseWholeRef(ref, 'Whole snapshots are put back.');
  await world.vault.checkOwner({ signal });
  await checkHeads(world, wanted.workspace, { signal });
  const { row, name } = await world.database.transaction(
    async (tx) => {
      const found = await getSnapshot(tx, toHex(world.vault.id), wanted);
      const { workspace } = found;
      await checkFence(tx, workspace, fence);
      const added = await addSnapshot(tx, world, workspace, 'restore', {
        root: found.root,
        newBytes: 0,
        storedBytes: 0,
        message: '',
        parent: { workspace: idOf(workspace.id), number: found.row.number },
      });
      await also?.(tx, added);
      return { row: added, name: workspace.name };
    },
    { signal },
  );
  await publishHeads(world, name);
  return snapshotInfo(name, row, name);
}
