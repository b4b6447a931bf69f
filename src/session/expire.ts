/** Workspaces of sessions that ended go when the time is over that was promised. */

import { isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import { recordEvent, removeWorkspace } from '../workspace/index.ts';
import { claimSession } from './claim.ts';
import { conflictsOf } from './conflict-files.ts';
import { updateSession } from './rows.ts';
import type { Query } from './rows.ts';
import type { SessionWorld } from './world.ts';

/** How long before somebody is told. Milliseconds. */
const WARNING_MS = 24 * 60 * 60 * 1000;
/** Workspaces that one call removes at most: the rest is left to the next. */
const MOST = 20;

/** Whether there is a promise that will be over one day. */
export async function isAnyToExpire({
  database,
  tenant,
}: Pick<SessionWorld, 'database' | 'tenant'>): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('sessions')
    .select('id')
    .where('tenant', '=', tenant)
    .where('state', '=', 'terminated')
    .where('expired', 'is', null)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Those that are due. */
export async function dueToExpire({ database, tenant, clock }: SessionWorld): Promise<SessionTable[]> {
  return expiring(database.kysely, tenant, clock()).selectAll().orderBy('expires').limit(MOST).execute();
}

/** A hold keeps them. */
function expiring(query: Query, tenant: string, until: number) {
  return query
    .selectFrom('sessions')
    .where('tenant', '=', tenant)
    .where('state', '=', 'terminated')
    .where('expired', 'is', null)
    .where('held', '=', 0)
    .where('expires', '<=', until);
}

/** Says once of each that it will expire soon. */
export async function warnOfExpiry(world: SessionWorld): Promise<void> {
  const { database, tenant, clock } = world;
  const near = (query: Query) =>
    expiring(query, tenant, clock() + WARNING_MS)
      .where('warned', '=', 0)
      .select(['id', 'name', 'expires']);
  if ((await near(database.kysely).limit(1).execute()).length === 0) return;
  await database.transaction(async (tx) => {
    const rows = await near(tx).execute();
    for (const { id, name, expires } of rows) {
      await updateSession(tx, id, { warned: 1 });
      const details = { expiresAt: expires };
      await recordEvent(tx, world, { kind: 'session.expiring', session: name, details });
    }
  });
}

/** The chunks go with the next collection; those that others have stay. */
export async function expireSession(
  world: SessionWorld,
  { id }: Pick<SessionTable, 'id'>,
  options: Cancellable,
): Promise<void> {
  await using claim = await claimSession(world, id, {
    operation: 'expire',
    from: ['terminated'],
    signal: options.signal,
  });
  const { session } = claim;
  // Somebody may have held it, or taken the end back and ended it again, since it was found.
  if (session.held === 1 || session.expires === null || session.expires > world.clock()) return;
  const store = await world.storeOf(session.store_region, options);
  const conflicts =
    session.workspace === null ? [] : await conflictsOf(world.database.kysely, session.workspace);
  for (const name of [...conflicts, session.name]) {
    try {
      await removeWorkspace(store, name, { ...options, ofSession: true });
    } catch (error) {
      // A crash before the end of this.
      if (!isStrataError(error, 'workspace_not_found')) throw error;
    }
  }
  await claim.end({ expired: world.clock(), used: 0 }, (tx) =>
    recordEvent(tx, world, { kind: 'session.expired', session: session.name }),
  );
}
