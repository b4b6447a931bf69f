/** A snapshot of a session at work. */

import { findSnapshotInfo, recordEvent } from '../workspace/index.ts';
import { claimSession } from './claim.ts';
import type { Claim } from './claim.ts';
import { checkHere } from './here.ts';
import { openPlace } from './open-place.ts';
import type { OpenPlace } from './open-place.ts';
import type { Checkpoint } from './results.ts';
import { saveFiles } from './save-files.ts';
import type { SaveFilesOptions, SavedFiles } from './save-files.ts';
import { runningTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

export interface CheckpointOptions extends SaveFilesOptions {
  /** Milliseconds to wait for another operation to end. */
  readonly patience?: number | undefined;
}

/** @throws session_not_found, conflict; as a save: then there is no new snapshot; what keeps its head from the store, which is told of it */
export async function checkpointSession(
  world: SessionWorld,
  ref: string,
  options: CheckpointOptions = {},
): Promise<Checkpoint> {
  const started = world.clock();
  await using claim = await claimSession(world, ref, {
    operation: 'checkpoint',
    from: ['active'],
    signal: options.signal,
    patience: options.patience,
    also: async (_, row) => {
      checkHere(world, row);
      return {};
    },
  });
  const { session } = claim;
  const running = (await runningTasks(world.database.kysely, session.id, session.runner)).length;
  const opened = await openPlace(world, session, options);
  const saved = await checkpointFiles(world, claim, opened, running, options);
  // It is the latest as long as the session is claimed, and that one stays.
  const info = await findSnapshotInfo(
    world.database.kysely,
    session.workspace!,
    session.name,
    saved.snapshot,
  );
  await claim.end({ durability: 'local' });
  return {
    ...info!,
    runningTasks: running,
    durability: saved.durability,
    warnings: saved.warnings,
    seconds: (world.clock() - started) / 1000,
  };
}

/** For whoever has claimed the session already. @param running commands, which may be at work on what is read */
export async function checkpointFiles(
  world: SessionWorld,
  claim: Claim,
  { place, limited }: OpenPlace,
  running: number,
  options: SaveFilesOptions,
): Promise<SavedFiles> {
  const { name } = claim.session;
  const said = running === 0 ? undefined : `${running} ${running === 1 ? 'task was' : 'tasks were'} running`;
  const message = [options.message, said].filter(Boolean).join('; ');
  const saved = await saveFiles(world, claim, place, limited, { ...options, message });
  if (saved.error !== undefined) throw saved.error;
  await world.database.transaction(async (tx) => {
    const details = { snapshot: saved.snapshot, durability: saved.durability, runningTasks: running };
    if (saved.durability === 'durable')
      await recordEvent(tx, world, { kind: 'session.synced', session: name, details });
  });
  return saved;
}
