/** The first and the last steps of a save, wherever its tree comes from: announcement; packs, index segment, transaction, head. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { LeftOut as Scanned, LeftOutReason, Tally } from '../disk/index.ts';
import type { SnapshotTable, Transaction } from '../db/index.ts';
import type { Root } from '../tree/index.ts';
import type { Save, SnapshotRecord } from '../vault/index.ts';
import { checkLivesHere, findWorkspace } from './catalog.ts';
import { addSnapshot, createWorkspace, publishHeads } from './commit.ts';
import { checkFence } from './fence.ts';
import { checkHeads } from './older.ts';
import type { LeftOut, SaveResult } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

/**
 * Announces a save of a workspace, and sees to it that its head can be published in the end. To be disposed of in any case.
 *
 * @throws not_ours if another home owns the store by now; refused for a replica, and if the store has a head that the database does not
 *   know, or has lost the newest
 */
export async function begin(world: WorkspaceWorld, name: string, options: Cancellable): Promise<Save> {
  const known = await findWorkspace(world.database.kysely, toHex(world.vault.id), name);
  if (known !== undefined) checkLivesHere(known);
  return beginAny(world, name, options);
}

/** As `begin`, also for a replica. */
export async function beginAny(world: WorkspaceWorld, name: string, options: Cancellable): Promise<Save> {
  const save = await world.vault.beginSave(options).catch(async (error: unknown) => {
    // A store that was put back to an older state lacks more than heads. That it was is what there is to say of it.
    if (isStrataError(error, 'integrity')) await checkHeads(world, name, options);
    throw error;
  });
  try {
    await publishHeads(world, name);
    await checkHeads(world, name, options);
    return save;
  } catch (error) {
    await save[Symbol.asyncDispose]();
    throw error;
  }
}

/** What a save of a session's files brings with it. */
export interface CommitTerms {
  /** Of the lease that it is made under. */
  readonly fence?: number | undefined;
  /** Default: `save`. */
  readonly kind?: 'save' | 'conflict' | undefined;
  /** What a conflict is one with. */
  readonly parent?: SnapshotRecord['parent'];
  /** In the transaction of the commit. @throws what keeps it from being one */
  readonly also?: ((tx: Transaction, snapshot: SnapshotTable) => Promise<void>) | undefined;
}

/** A tree that was given to the writer of a save. */
export interface GatheredTree {
  readonly root: Root;
  /** When the save began. */
  readonly started: number;
  readonly message: string | undefined;
  readonly leftOut: Scanned;
  readonly skipped: Tally;
  readonly warnings: readonly string[];
  readonly signal: AbortSignal | undefined;
  readonly commit?: CommitTerms | undefined;
  /** Is called as soon as nothing can take the snapshot back. */
  readonly onCommit?: () => void;
}

/** @throws disk_full, unavailable, … of the store; then nothing is visible of the save, or the message says that it is there */
export async function complete(
  world: WorkspaceWorld,
  save: Save,
  name: string,
  gathered: GatheredTree,
): Promise<SaveResult> {
  const { vault, database, clock, log } = world;
  const { root, signal } = gathered;
  const { newBytes, storedBytes } = await save.finish();
  const snapshot = await database.transaction(
    async (tx) => {
      await save.commit(tx);
      const workspace =
        (await findWorkspace(tx, toHex(vault.id), name)) ?? (await createWorkspace(tx, world, name));
      // It may have become one meanwhile.
      checkLivesHere(workspace);
      const { fence, kind = 'save', parent, also } = gathered.commit ?? {};
      await checkFence(tx, workspace, fence);
      const message = gathered.message ?? '';
      const row = await addSnapshot(tx, world, workspace, kind, {
        root,
        newBytes,
        storedBytes,
        message,
        parent,
      });
      await also?.(tx, row);
      return row;
    },
    { signal },
  );
  log?.(`${name}@${snapshot.number} committed`);
  gathered.onCommit?.();
  try {
    // Durable already, but only the published head makes it so without the database.
    await publishHeads(world, name);
  } catch (error) {
    throw unpublished(error, `${name}@${snapshot.number}`);
  }
  const { summary } = root.tree;
  return {
    workspace: name,
    snapshot: snapshot.number,
    digest: snapshot.digest,
    files: summary.files,
    dirs: summary.directories,
    symlinks: summary.symlinks,
    bytes: summary.bytes,
    newBytes,
    storedBytes,
    seconds: (clock() - gathered.started) / 1000,
    leftOut: leftOut(gathered.leftOut),
    skipped: gathered.skipped,
    warnings: gathered.warnings,
  };
}

/** Other hints say that nothing was half done. */
function unpublished(error: unknown, snapshot: string): unknown {
  if (!isStrataError(error)) return error;
  return new StrataError(
    error.code,
    `${snapshot} is saved, but the store does not tell of it yet: ${error.message}`,
    {
      hint: 'It can be restored as long as the database lives; the next save of the workspace completes it.',
      details: error.details,
      cause: error,
    },
  );
}

function leftOut(scanned: Scanned): LeftOut[] {
  return Object.entries(scanned)
    .filter(([, { count }]) => count > 0)
    .map(([what, { count, paths }]) => ({ what: what as LeftOutReason, count, paths }));
}
