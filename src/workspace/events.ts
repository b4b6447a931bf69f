/**
 * What happened to workspaces and sessions: one stream, to which rows are only added, in the transaction of what they tell of.
 *
 * Who reads on from a number misses nothing, as numbers are in the order of commits: SQLite lets one transaction write at a time, so one
 * that has taken a number has ended before the next is taken. A database where several write at once (PostgreSQL) gives numbers in
 * another order than it commits them: there `recordEvent` has to take a lock first that is held until the commit, or a reader has to stop
 * below the oldest transaction that is under way.
 */

import { setTimeout } from 'node:timers/promises';

import { StrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable, Clock } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import type { Query, WorkspaceWorld } from './world.ts';

/** All that is told of. */
export type EventKind =
  | 'snapshot.created'
  | 'snapshot.forgotten'
  | 'workspace.forked'
  | 'workspace.removed'
  | 'workspace.replicated'
  | 'session.created'
  | 'session.active'
  | 'session.suspending'
  | 'session.suspended'
  | 'session.resuming'
  | 'session.terminated'
  | 'session.undeleted'
  | 'session.held'
  | 'session.released'
  | 'session.synced'
  | 'session.sync_failed'
  | 'session.restored'
  | 'session.forked'
  | 'session.runner_lost'
  | 'session.conflict'
  | 'session.expiring'
  | 'session.expired'
  | 'session.quota_exceeded'
  | 'task.started'
  | 'task.ended'
  | 'runner.started'
  | 'runner.stopped'
  | 'clock.leapt';

export interface NewEvent {
  readonly kind: EventKind;
  readonly workspace?: string | undefined;
  readonly session?: string | undefined;
  /** JSON values. Never file content, names of files or secrets. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export interface WorkspaceEvent extends NewEvent {
  /** Ascending; a later event has a higher one. */
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export interface ReadEventsOptions extends Cancellable {
  /** Only those with a higher number. */
  readonly after?: number | undefined;
  /** Only those that are not older. Milliseconds since 1970. */
  readonly since?: number | undefined;
  /** Name of a session or workspace. */
  readonly of?: string | undefined;
  /** Waits for what comes. */
  readonly follow?: boolean | undefined;
}

/** Rows of one read. */
const PAGE = 500;
/** Milliseconds between two looks. */
const FOLLOW_MS = 200;

/** Of a session the workspace is that of its name, unless another one is meant. @param tenant its name */
export async function recordEvent(
  tx: Transaction,
  { tenant, clock }: { readonly tenant: string; readonly clock: Clock },
  { kind, workspace, session, details = {} }: NewEvent,
): Promise<void> {
  await tx
    .insertInto('events')
    .values({
      at: clock(),
      tenant,
      kind,
      workspace: workspace ?? session ?? null,
      session: session ?? null,
      details: JSON.stringify(details),
    })
    .execute();
}

/** Of a workspace of the tenant whose world it is. */
export function tell(
  tx: Transaction,
  { vault, clock }: Pick<WorkspaceWorld, 'vault' | 'clock'>,
  event: NewEvent & { readonly workspace: string },
): Promise<void> {
  return recordEvent(tx, { tenant: vault.name, clock }, event);
}

/**
 * In the order in which they were committed. Few are held at a time, and none is read before it is wanted.
 *
 * @param tenant its name
 */
export async function* readEvents(
  query: Query,
  tenant: string,
  { after = 0, since, of, follow = false, signal }: ReadEventsOptions = {},
): AsyncGenerator<WorkspaceEvent, void> {
  for (let last = after; ;) {
    throwIfAborted(signal);
    let wanted = query
      .selectFrom('events')
      .selectAll()
      .where('tenant', '=', tenant)
      .where('seq', '>', last)
      .orderBy('seq')
      .limit(PAGE);
    if (since !== undefined) wanted = wanted.where('at', '>=', since);
    if (of !== undefined)
      wanted = wanted.where(({ eb, or }) => or([eb('workspace', '=', of), eb('session', '=', of)]));
    const rows = await wanted.execute();
    for (const { seq, at, kind, workspace, session, details } of rows) {
      last = seq;
      yield {
        seq,
        at,
        kind: kind as EventKind,
        workspace: workspace ?? undefined,
        session: session ?? undefined,
        details: readDetails(seq, details),
      };
    }
    if (rows.length === PAGE) continue;
    if (!follow) return;
    await setTimeout(FOLLOW_MS, undefined, signal && { signal });
  }
}

function readDetails(seq: number, details: string): Record<string, unknown> {
  try {
    return JSON.parse(details) as Record<string, unknown>;
  } catch (error) {
    throw new StrataError('integrity', `the database has damaged event ${seq}`, {
      hint: `\`strata events --since ${seq}\` reads what came after it.`,
      details: { seq },
      cause: error,
    });
  }
}
