/** A snapshot of one store becomes a snapshot of another one, with the number, the id and the digest that it has. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SnapshotTable } from '../db/index.ts';
import { copyTree } from '../vault/index.ts';
import type { CopiedChunks, CopyProgress, Pin, Written } from '../vault/index.ts';
import { getSnapshot } from './catalog.ts';
import { publishHeads } from './commit.ts';
import { beginAny } from './complete.ts';
import { parseWholeRef } from './name.ts';
import { addReplica, findReplica, historyOf } from './replica-rows.ts';
import type { FoundReplica, Original } from './replica-rows.ts';
import { lagBehind } from './replicas.ts';
import type { ReplicateResult } from './results.ts';
import { rootOf } from './snapshot-row.ts';
import type { WorkspaceWorld } from './world.ts';

export interface ReplicateOptions extends Cancellable {
  readonly onProgress?: ((progress: CopyProgress) => void) | undefined;
}

type Outcome = Pick<ReplicateResult, 'already' | 'chunks'> &
  Pick<Written, 'newBytes' | 'storedBytes'> & { readonly rows: FoundReplica['rows'] };

const NO_CHUNKS: CopiedChunks = { needed: 0, sent: 0 };

/**
 * Reads of the source what the target does not have. The announcement, packs, index segment, transaction and head of the target are those
 * of a save; the source is only read.
 *
 * @param ref `NAME[@SNAPSHOT]` in the source
 * @throws workspace_not_found, snapshot_not_found; refused, conflict as `findReplica`; integrity if something is damaged on either side;
 *   disk_full, unavailable, … of either store; then nothing is visible in the target, or the message says that it is there
 */
export async function replicate(
  source: WorkspaceWorld,
  target: WorkspaceWorld,
  ref: string,
  options: ReplicateOptions = {},
): Promise<ReplicateResult> {
  const wanted = parseWholeRef(ref, 'Whole snapshots are replicated.');
  const tenant = toHex(source.vault.id);
  if (tenant === toHex(target.vault.id))
    throw new StrataError('bad_input', `${ref} is in that store already: it is the same one`, {
      hint: 'Name another store to replicate to.',
    });
  const started = target.clock();
  await using pin = await source.vault.pin(async (query) => {
    const snapshot = await getSnapshot(query, tenant, wanted);
    const history = await historyOf(query, snapshot.workspace.id);
    return { found: { ...snapshot, history, region: source.region }, roots: [snapshot.row.root] };
  }, options);
  const outcome = await bring(pin, source, target, options);
  return resultOf(pin.found, outcome, (target.clock() - started) / 1000);
}

async function bring(
  pin: Pin<Original>,
  source: WorkspaceWorld,
  target: WorkspaceWorld,
  options: ReplicateOptions,
): Promise<Outcome> {
  const original = pin.found;
  const { name } = original.workspace;
  const label = `${name}@${original.row.number}`;
  const known = await findReplica(target.database.kysely, target, original);
  let outcome: Outcome = { already: true, chunks: NO_CHUNKS, newBytes: 0, storedBytes: 0, rows: known.rows };
  // One that is there mends what it lacks, if anything does.
  const mends = known.same !== undefined;
  if (!mends || (await target.vault.hasSuspects())) {
    try {
      outcome = await copy(pin, target, mends, options);
    } catch (error) {
      throw await damaged(error, label, source, target);
    }
    target.log?.(
      `${label} ${outcome.already && !mends ? 'was replicated by another process' : 'replicated'}`,
    );
  }
  try {
    // Also what another process has committed, and not lived to publish.
    await publishHeads(target, name);
  } catch (error) {
    if (!isStrataError(error)) throw error;
    throw new StrataError(
      error.code,
      `${label} is replicated, but the other store does not tell of it yet: ${error.message}`,
      {
        hint: 'It can be restored there as long as the database lives; to complete it, replicate it again.',
        details: error.details,
        cause: error,
      },
    );
  }
  return outcome;
}

/** @param mends the snapshot itself is there */
async function copy(
  pin: Pin<Original>,
  target: WorkspaceWorld,
  mends: boolean,
  { onProgress, signal }: ReplicateOptions,
): Promise<Outcome> {
  const original = pin.found;
  await using save = await beginAny(target, original.workspace.name, { signal });
  // After the announcement: what is condemned from here on is not deleted before the save has ended.
  await using latest = await target.vault.pin(
    async (query) => {
      const root = (await findReplica(query, target, original)).rows.at(-1);
      return { found: root && rootOf(root), roots: root === undefined ? [] : [root.root] };
    },
    { signal },
  );
  // If anything of it may stand apart, a save must not rely on it: then each node and chunk is looked up, and what stands apart is sent anew.
  const whole = latest.epoch === save.epoch ? latest.found?.tree.node : undefined;
  const sides = { source: await pin.source(), target: await latest.source(), writer: save.writer };
  const chunks = await copyTree(sides, original.root.tree, { whole, onProgress, signal });
  const { newBytes, storedBytes } = await save.finish();
  // Awaited here: the save is given up when this function returns.
  return await target.database.transaction(
    async (tx) => {
      const { workspace, rows, same } = await findReplica(tx, target, original);
      // Another one was faster. What was stored here is the collector's.
      if (same !== undefined && !mends) return { already: true, chunks, newBytes: 0, storedBytes: 0, rows };
      await save.commit(tx);
      if (same !== undefined) return { already: true, chunks, newBytes, storedBytes, rows };
      const row = await addReplica(tx, target, original, workspace, { newBytes, storedBytes });
      return { already: false, chunks, newBytes, storedBytes, rows: [...rows, row].sort(byNumber) };
    },
    { signal },
  );
}

/** Notes what is damaged, on whichever side, so that the next save or replication stores it anew there; and says what to do. */
async function damaged(
  error: unknown,
  label: string,
  source: WorkspaceWorld,
  target: WorkspaceWorld,
): Promise<unknown> {
  if (!isStrataError(error, 'integrity')) return error;
  const { side, object } = error.details;
  const isSource = side === 'source';
  const { vault } = isSource ? source : target;
  try {
    if (side !== undefined && typeof object === 'string') await vault.doubt([object]);
  } catch {
    // What was wrong in the first place is what has to be told.
  }
  const message = isSource
    ? `${label} cannot be read to its end: ${error.message}`
    : `what the other store has of ${label} is damaged: ${error.message}`;
  const hint = isSource
    ? 'Nothing of it is visible in the other store. `strata store verify` tells what is lost here; a save of the same files mends it.'
    : 'Replicate again: what is damaged there is then sent anew.';
  return new StrataError('integrity', message, { hint, details: error.details, cause: error });
}

function resultOf({ workspace, row, history }: Original, outcome: Outcome, seconds: number): ReplicateResult {
  const { rows, already, chunks, newBytes, storedBytes } = outcome;
  return {
    workspace: workspace.name,
    snapshot: row.number,
    digest: row.digest,
    files: row.files,
    dirs: row.directories,
    symlinks: row.symlinks,
    bytes: row.bytes,
    newBytes,
    storedBytes,
    chunks,
    already,
    lag: lagBehind(history, rows),
    seconds,
  };
}

function byNumber(a: SnapshotTable, b: SnapshotTable): number {
  return a.number - b.number;
}
