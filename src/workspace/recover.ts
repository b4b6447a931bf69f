/** Workspaces and snapshots from the published heads, for a home that has lost its database. */

import { toHex } from '../base/index.ts';
import { encodeRoot } from '../tree/index.ts';
import type { HeadRecord } from '../vault/index.ts';
import type { WorkspaceWorld } from './world.ts';

export interface Recovered {
  readonly workspaces: number;
  readonly snapshots: number;
}

/** Writes the rows that are missing; what is there is not touched. @throws integrity */
export async function recoverWorkspaces(
  world: WorkspaceWorld,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Recovered> {
  const { vault, database } = world;
  const workspaces = new Set<string>();
  let snapshots = 0;
  for await (const head of vault.heads(options)) {
    workspaces.add(toHex(head.workspace));
    snapshots++;
    await database.transaction(async (tx) => {
      const id = toHex(head.workspace);
      const { name, seq, fence, snapshot } = head;
      // Heads come in ascending order, so the last one of a workspace gives its name and number.
      await tx
        .insertInto('workspaces')
        .values({ id, tenant: toHex(vault.id), name, created: snapshot.created, seq, fence })
        .onConflict((conflict) =>
          conflict.column('id').doUpdateSet({ name, seq, fence }).where('workspaces.seq', '<', seq),
        )
        .execute();
      await tx
        .insertInto('snapshots')
        .values(snapshotRow(head))
        .onConflict((conflict) => conflict.doNothing())
        .execute();
    });
  }
  return { workspaces: workspaces.size, snapshots };
}

function snapshotRow({ workspace, seq, kind, snapshot }: HeadRecord) {
  const { summary, digest } = snapshot.root.tree;
  return {
    id: toHex(snapshot.id),
    workspace: toHex(workspace),
    number: snapshot.number,
    seq,
    kind,
    created: snapshot.created,
    root: encodeRoot(snapshot.root),
    digest: toHex(digest),
    files: summary.files,
    directories: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    new_bytes: snapshot.newBytes,
    stored_bytes: snapshot.storedBytes,
    message: snapshot.message,
    parent_workspace: snapshot.parent === undefined ? null : toHex(snapshot.parent.workspace),
    parent_number: snapshot.parent?.number ?? null,
    published: 1 as const,
  };
}
