/** Rows of sessions: how they are found, and what is changed in them. */

import { StrataError, nearNames, toHex } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import type { Database, SessionTable, Transaction } from '../db/index.ts';

export type Query = Database['kysely'] | Transaction;

/** As of runs: short enough to be typed. */
const ID_BYTES = 6;
const SESSION_ID = /^session-[0-9a-f]{12}$/;

export function newSessionId(random: Random): string {
  return `session-${toHex(random(ID_BYTES))}`;
}

export function newTaskId(random: Random): string {
  return `task-${toHex(random(ID_BYTES))}`;
}

/** A name that looks like one would be taken for it. */
export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}

/**
 * By name or id; of a name that was given again the one that has not expired.
 *
 * @throws session_not_found with near names
 */
export async function getSession(query: Query, tenant: string, ref: string): Promise<SessionTable> {
  const row = await query
    .selectFrom('sessions')
    .selectAll()
    .where('tenant', '=', tenant)
    .where(({ eb, or }) => or([eb('name', '=', ref), eb('id', '=', ref)]))
    .orderBy(({ eb }) => eb('expired', 'is not', null))
    .orderBy('created', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return row;
  const rows = await query
    .selectFrom('sessions')
    .select('name')
    .where('tenant', '=', tenant)
    .where('expired', 'is', null)
    .execute();
  const near = nearNames(
    ref,
    rows.map(({ name }) => name),
  );
  throw new StrataError('session_not_found', `there is no session ${JSON.stringify(ref)}`, {
    hint:
      near.length > 0
        ? `Did you mean ${near.join(' or ')}?`
        : '`strata sessions list` shows those there are.',
    details: { session: ref },
  });
}

/** @throws as `getSession`; workspace_expired */
export async function getLiveSession(query: Query, tenant: string, ref: string): Promise<SessionTable> {
  const row = await getSession(query, tenant, ref);
  if (row.expired === null) return row;
  throw new StrataError(
    'workspace_expired',
    `the workspace of session ${row.name} expired on ${new Date(row.expired).toISOString()}`,
    {
      hint: 'Its files are gone. `strata sessions create` makes a new session.',
      details: { session: row.name, expired: row.expired },
    },
  );
}

export async function updateSession(
  tx: Query,
  id: string,
  changes: Partial<Omit<SessionTable, 'id'>>,
): Promise<void> {
  await tx.updateTable('sessions').set(changes).where('id', '=', id).execute();
}
