/** What is due without anybody asking: leases that are over, sessions that are idle, tries that failed, workspaces that expire. */

import { isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import { lookAtClock } from '../workspace/index.ts';
import { isTaken, steppedBack } from './claim.ts';
import { dueToExpire, expireSession, isAnyToExpire, warnOfExpiry } from './expire.ts';
import { endLeases } from './lease.ts';
import { updateSession } from './rows.ts';
import { sweepPlaces } from './stale-places.ts';
import { suspendSession } from './suspend.ts';
import { syncSession } from './sync.ts';
import { runningTasks, sweepTasks } from './tasks.ts';
import { notPossible } from './states.ts';
import type { SessionWorld } from './world.ts';

/** What takes a few rows. */
export async function doWhatIsQuick(world: SessionWorld): Promise<void> {
  await endLeases(world);
  await stepBackAbandoned(world);
  // Each command comes here: what cannot be ended keeps none of them from what it was asked for.
  await attempt(world, 'commands that were left', {}, () => sweepTasks(world));
  await warnOfExpiry(world);
}

/** Whether there is something for `doWhatIsSlow`. */
export async function isSlowDue(world: SessionWorld): Promise<boolean> {
  if ((await idleSessions(world)).length > 0 || (await sessionsToSync(world)).length > 0) return true;
  return (await dueToExpire(world)).length > 0;
}

/**
 * What reads files or asks a store. A session that cannot be dealt with keeps none of the others waiting.
 */
export async function doWhatIsSlow(world: SessionWorld, options: Cancellable = {}): Promise<void> {
  const { signal } = options;
  const each = (what: string, act: () => Promise<unknown>) => attempt(world, what, options, act);
  for (const { id, name, last_active } of await idleSessions(world)) {
    const check = (row: SessionTable) => {
      if (row.last_active !== last_active) throw notPossible(row.name, row.state, 'be suspended as idle');
    };
    await each(`session ${name}, idle`, () => suspendSession(world, id, { signal, reason: 'idle', check }));
  }
  for (const { id, name } of await sessionsToSync(world))
    await each(`session ${name}, to be synced`, () => syncSession(world, id, { signal }));
  await each(`directories in ${world.runner.base_dir}`, () => sweepPlaces(world, options));
  await expireSessions(world, options);
}

/** Workspaces whose time is over go, if the clock is believed. One that cannot be removed keeps none of the others waiting. */
export async function expireSessions(world: SessionWorld, options: Cancellable = {}): Promise<void> {
  if (!(await isAnyToExpire(world))) return;
  // Also while nothing is due: a leap shows only against a time that was written down before.
  const { believed } = await world.database.transaction((tx) => lookAtClock(tx, world));
  if (!believed) return;
  for (const row of await dueToExpire(world))
    await attempt(world, `session ${row.name}, to expire`, options, () => expireSession(world, row, options));
}

async function attempt(
  world: SessionWorld,
  what: string,
  { signal }: Cancellable,
  act: () => Promise<unknown>,
): Promise<void> {
  if (signal?.aborted === true) return;
  try {
    await act();
  } catch (error) {
    // Somebody else is at work on it, or it waits for its time.
    if (!isStrataError(error)) throw error;
    world.log?.(`${what}: ${error.message}`);
  }
}

/** Those of this runner that nobody has used for as long as they were to wait. */
async function idleSessions(world: SessionWorld): Promise<SessionTable[]> {
  const { database, runner, tenant, clock } = world;
  const rows = await database.kysely
    .selectFrom('sessions')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('runner', '=', runner.id)
    .where('state', '=', 'active')
    .where('idle_timeout', '>', 0)
    .where(({ eb, ref }) => eb(eb(ref('last_active'), '+', ref('idle_timeout')), '<=', clock()))
    .execute();
  const idle: SessionTable[] = [];
  for (const row of rows)
    if ((await runningTasks(database.kysely, row.id, runner.id)).length === 0) idle.push(row);
  return idle;
}

/** Those whose newest files this runner has, and whose next try is due; at once if the runner was lost. */
async function sessionsToSync({ database, runner, tenant, clock }: SessionWorld): Promise<SessionTable[]> {
  return database.kysely
    .selectFrom('sessions')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('last_runner', '=', runner.id)
    .where('state', '=', 'suspended')
    .where('expired', 'is', null)
    .where(({ eb, or }) => or([eb('unsaved', '=', 1), eb('durability', '=', 'uploaded')]))
    .where(({ eb, or }) => or([eb('retry_at', 'is', null), eb('retry_at', '<=', clock())]))
    .execute();
}

/** Operations whose process is gone, so that nobody has to come upon them to see how a session is. */
async function stepBackAbandoned({ database, tenant, clock }: SessionWorld): Promise<void> {
  const held = await database.kysely
    .selectFrom('sessions')
    .selectAll()
    .where('tenant', '=', tenant)
    .where('holder', 'is not', null)
    .execute();
  for (const { id } of held.filter((row) => !isTaken(row, clock())))
    await database.transaction(async (tx) => {
      const row = await tx
        .selectFrom('sessions')
        .selectAll()
        .where('id', '=', id)
        .where('holder', 'is not', null)
        .executeTakeFirst();
      if (row !== undefined && !isTaken(row, clock())) await updateSession(tx, id, steppedBack(row));
    });
}
