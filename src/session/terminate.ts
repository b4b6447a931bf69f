/** A session ends; its workspace stays for a while, in which that can be taken back. */

import { StrataError } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import { lookAtClock, recordEvent } from '../workspace/index.ts';
import { claimSession } from './claim.ts';
import type { Claim } from './claim.ts';
import { checkHere } from './here.ts';
import { openPlace } from './open-place.ts';
import { SessionPlace } from './place.ts';
import { clampRetention } from './retention.ts';
import { getLiveSession, updateSession } from './rows.ts';
import { durabilityOf, saveFiles } from './save-files.ts';
import type { SavedFiles } from './save-files.ts';
import type { SaveFilesOptions } from './save-files.ts';
import { notPossible } from './states.ts';
import { stopTasks } from './tasks.ts';
import type { SessionWorld } from './world.ts';

export interface TerminateOptions extends SaveFilesOptions {
  /** Make no last snapshot: what is in none is lost. */
  readonly discard?: boolean | undefined;
  /** Milliseconds; default: what was asked for when it was created. */
  readonly retention?: number | undefined;
}

/** @throws session_not_found, conflict; not_synced if what is on its runner cannot be saved: then it is as before */
export async function terminateSession(
  world: SessionWorld,
  ref: string,
  options: TerminateOptions = {},
): Promise<Pick<SavedFiles, 'warnings'>> {
  const { discard = false } = options;
  await using claim = await claimSession(world, ref, {
    operation: 'terminate',
    from: ['pending', 'active', 'suspended'],
    signal: options.signal,
    also: async (_, row) => {
      if (row.state !== 'active') return {};
      checkHere(world, row);
      // While it is that, no command begins in it, and those that run come to an end.
      return { state: 'suspending' };
    },
  });
  const { session } = claim;
  const isHere = session.last_runner === world.runner.id;
  const wasActive = session.runner !== null;
  if (wasActive) await stopTasks(world, session, options);
  const place = new SessionPlace(world, session);
  let warnings: readonly string[] = [];
  const isUnsaved = wasActive || session.unsaved === 1;
  if (isUnsaved && !discard) {
    if (!isHere) throw elsewhere(session);
    const opened = await openPlace(world, session, options);
    const saved = await saveFiles(world, claim, opened.place, opened.limited, options);
    if (saved.error !== undefined) throw saved.error;
    ({ warnings } = saved);
    place.mark('clean', { fence: session.fence, snapshot: saved.snapshot, means: opened.limited.means });
  }
  await endTerminated(world, claim, options.retention);
  try {
    if (isHere) await place.remove({});
  } catch (error) {
    world.log?.(`${place.path} could not be removed: ${String(error)}`);
  }
  return { warnings };
}

async function endTerminated(
  world: SessionWorld,
  claim: Claim,
  requested: number | undefined,
): Promise<void> {
  const { session } = claim;
  const now = world.clock();
  const wish = requested ?? session.retention_requested ?? undefined;
  const { effective, clamped } = clampRetention(wish, world.retention);
  await claim.end(
    {
      state: 'terminated',
      runner: null,
      lease_until: null,
      unsaved: 0,
      durability: durabilityOf(session),
      reason: null,
      tries: 0,
      retry_at: null,
      retention_requested: wish ?? null,
      retention: effective,
      terminated: now,
      expires: now + effective,
      warned: 0,
      last_active: now,
    },
    async (tx) => {
      // What was promised by this clock is held against it later.
      await lookAtClock(tx, world);
      await recordEvent(tx, world, {
        kind: 'session.terminated',
        session: session.name,
        details: { requested: wish ?? null, effective, clamped, expiresAt: now + effective },
      });
    },
  );
}

/** @throws session_not_found, workspace_expired; conflict if it has not ended */
export async function undeleteSession({ database, clock, tenant }: SessionWorld, ref: string): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await getLiveSession(tx, tenant, ref);
    if (row.state !== 'terminated') throw notPossible(row.name, row.state, 'be undeleted');
    await updateSession(tx, row.id, {
      state: 'suspended',
      retention: null,
      terminated: null,
      expires: null,
      warned: 0,
      last_active: clock(),
    });
    await recordEvent(tx, { tenant, clock }, { kind: 'session.undeleted', session: row.name });
  });
}

/** @param held 1: it does not expire */
export async function holdSession(
  { database, clock, tenant }: SessionWorld,
  ref: string,
  held: SessionTable['held'],
): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await getLiveSession(tx, tenant, ref);
    if (row.held === held) return;
    await updateSession(tx, row.id, { held });
    const kind = held === 1 ? 'session.held' : 'session.released';
    await recordEvent(tx, { tenant, clock }, { kind, session: row.name });
  });
}

function elsewhere({ name, last_runner, reason }: SessionTable): StrataError {
  return new StrataError(
    'not_synced',
    `session ${name} has files on its runner that are not saved (${reason ?? 'no reason is known'}), and this is another one`,
    {
      hint: `Resume it on its runner and terminate it there; or give --discard: what is in no snapshot is lost then.`,
      details: { session: name, runner: last_runner },
    },
  );
}
