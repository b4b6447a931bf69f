/** A session gives its runner back: its commands end, its files are saved, and it can go on elsewhere. */

import type { StrataError } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import { recordEvent } from '../workspace/index.ts';
import { claimSession } from './claim.ts';
import type { Claim } from './claim.ts';
import { checkHere } from './here.ts';
import { REACH, STAYS } from './mobility.ts';
import { openPlace } from './open-place.ts';
import type { SessionPlace } from './place.ts';
import { nextTry } from './retry.ts';
import { isAway, latestSnapshot, saveFiles } from './save-files.ts';
import type { SaveFilesOptions, SavedFiles } from './save-files.ts';
import { stopTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

export interface SuspendOptions extends SaveFilesOptions {
  /** Why, if nobody asked for it. */
  readonly reason?: 'idle' | undefined;
  /** Looked at in the transaction that begins it. @throws what keeps it from being suspended */
  readonly check?: ((row: SessionTable) => void) | undefined;
}

/**
 * Ends with the session suspended, also if the store is away: then the runner keeps what it has, and tries again later.
 *
 * @returns what is not kept of the files, a line each
 * @throws session_not_found, conflict; unreadable, …: then the session is active as before
 */
export async function suspendSession(
  world: SessionWorld,
  ref: string,
  options: SuspendOptions = {},
): Promise<Pick<SavedFiles, 'warnings'>> {
  await using claim = await claimSession(world, ref, {
    operation: 'suspend',
    from: ['active'],
    to: 'suspending',
    signal: options.signal,
    also: async (tx, row) => {
      checkHere(world, row);
      options.check?.(row);
      await recordEvent(tx, world, { kind: 'session.suspending', session: row.name });
      return {};
    },
  });
  await stopTasks(world, claim.session, options);
  const { place, limited } = await openPlace(world, claim.session, options);
  let saved: SavedFiles;
  try {
    saved = await saveFiles(world, claim, place, limited, options);
  } catch (error) {
    if (!isAway(error)) throw error;
    await endUnsaved(world, claim, error);
    return { warnings: [] };
  }
  place.mark('clean', { fence: claim.session.fence, snapshot: saved.snapshot, means: limited.means });
  await endSaved(world, claim, saved, options.reason);
  await putAway(world, place, claim.session);
  return { warnings: saved.warnings };
}

/** All is in a snapshot; of that the store may lack the head. */
export async function endSaved(
  world: SessionWorld,
  claim: Claim,
  { snapshot, durability, error }: SavedFiles,
  reason?: string,
): Promise<void> {
  const { name, mobility } = claim.session;
  await claim.end(
    {
      state: 'suspended',
      runner: null,
      lease_until: null,
      durability,
      reason: error === undefined ? (reason ?? null) : reasonOf(error),
      ...(error === undefined ? { tries: 0, retry_at: null } : nextTry(claim.session, world.clock())),
      last_active: world.clock(),
    },
    async (tx) => {
      const details = { snapshot, durability, reason: reason ?? null };
      await recordEvent(tx, world, { kind: 'session.suspended', session: name, details });
      if (REACH[mobility].leavesMachine && durability === 'durable')
        await recordEvent(tx, world, { kind: 'session.synced', session: name, details });
    },
  );
}

async function endUnsaved(world: SessionWorld, claim: Claim, error: StrataError): Promise<void> {
  const { session } = claim;
  const { name } = session;
  const latest = await latestSnapshot(world.database.kysely, session);
  world.log?.(`session ${name} could not be saved: ${error.message}`);
  await claim.end(
    {
      state: 'suspended',
      runner: null,
      lease_until: null,
      unsaved: 1,
      unsaved_fence: session.fence,
      durability: 'local',
      reason: reasonOf(error),
      ...nextTry(session, world.clock()),
      last_active: world.clock(),
    },
    async (tx) => {
      const details = { code: error.code, snapshot: latest?.snapshot ?? null };
      for (const kind of ['session.suspended', 'session.sync_failed'] as const)
        await recordEvent(tx, world, { kind, session: name, details });
    },
  );
}

/** What a user reads behind `reason`. */
export function reasonOf(error: StrataError): string {
  return `store_unavailable: ${error.message}`;
}

/** What is saved need not stay where it was; what stays is put away. */
export async function putAway(
  world: SessionWorld,
  place: SessionPlace,
  { storage_type }: Pick<SessionTable, 'storage_type'>,
): Promise<void> {
  try {
    await (STAYS[storage_type] ? place.close({}) : place.remove({}));
  } catch (error) {
    // It is suspended, and said so; the next one that has to do with the directory hears of it.
    world.log?.(`${place.path} could not be put away: ${String(error)}`);
  }
}
