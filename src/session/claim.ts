/**
 * One operation at a time on a session. Who carries one stands in its row; when that process is dead, the next one that comes steps the
 * session back to where it was before.
 */

import { setTimeout } from 'node:timers/promises';

import { StrataError, fateOf, thisProcess, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionState, SessionTable, Transaction } from '../db/index.ts';
import { getLiveSession, updateSession } from './rows.ts';
import { checkStep, notPossible } from './states.ts';
import type { SessionWorld } from './world.ts';

export type Operation =
  | 'create'
  | 'suspend'
  | 'resume'
  | 'checkpoint'
  | 'restore'
  | 'terminate'
  | 'sync'
  | 'expire';

export interface ClaimOptions extends Cancellable {
  readonly operation: Operation;
  /** In which states it can be done. */
  readonly from: readonly SessionState[];
  /** What it is meanwhile. Default: what it is. */
  readonly to?: SessionState | undefined;
  /** Milliseconds to wait for another operation to end. Default: not at all. */
  readonly patience?: number | undefined;
  /** In the transaction of the claim. @throws what keeps it from being one @returns what else changes */
  readonly also?: (tx: Transaction, row: SessionTable) => Promise<Partial<SessionTable>>;
}

type Changes = Partial<Omit<SessionTable, 'id' | 'holder' | 'operation'>>;

/** Where a state that was to be passed goes back to. */
const BACK: Partial<Record<SessionState, SessionState>> = {
  pending: 'suspended',
  suspending: 'active',
  resuming: 'suspended',
};

/** Milliseconds between two looks at a session that somebody else has. */
const WAIT_MS = 50;

/** Disposed of without an end, the session is again what it was. */
export class Claim implements AsyncDisposable {
  /** As it is while the operation goes on. */
  readonly session: SessionTable;
  readonly #world: SessionWorld;
  #isOver = false;

  constructor(world: SessionWorld, session: SessionTable) {
    this.#world = world;
    this.session = session;
  }

  /** @throws lease_lost if another process has taken the session meanwhile */
  async check(tx: Transaction): Promise<void> {
    const { id, name, fence } = this.session;
    const row = await tx
      .selectFrom('sessions')
      .select(['holder', 'fence'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row?.holder === thisProcess() && row.fence === fence) return;
    throw new StrataError('lease_lost', `session ${name} was taken over by another process`, {
      hint: `\`strata sessions get ${name}\` shows how it is. What is only here is kept beside it.`,
      details: { session: name, fence, current: row?.fence },
    });
  }

  /** Changes the row and lets go of the session. @throws as `check` */
  async end(changes: Changes, also?: (tx: Transaction) => Promise<void>): Promise<void> {
    await this.#world.database.transaction(async (tx) => {
      await this.check(tx);
      await updateSession(tx, this.session.id, { ...changes, holder: null, operation: null });
      await also?.(tx);
    });
    this.#isOver = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isOver) return;
    const { id, fence } = this.session;
    await this.#world.database.transaction(async (tx) => {
      const row = await tx
        .selectFrom('sessions')
        .selectAll()
        .where('id', '=', id)
        .where('holder', '=', thisProcess())
        .where('fence', '=', fence)
        .executeTakeFirst();
      if (row !== undefined) await updateSession(tx, id, steppedBack(row));
    });
  }
}

/**
 * @throws session_not_found, workspace_expired; conflict if it is in a state in which that cannot be done, or another operation is under way;
 *   what `also` throws
 */
export async function claimSession(world: SessionWorld, ref: string, options: ClaimOptions): Promise<Claim> {
  const { database, clock, tenant } = world;
  const { operation, from, to, patience = 0, signal, also } = options;
  const holder = thisProcess();
  for (const start = performance.now(); ; await setTimeout(WAIT_MS, undefined, signal && { signal })) {
    throwIfAborted(signal);
    const claimed = await database.transaction(
      async (tx) => {
        const found = await getLiveSession(tx, tenant, ref);
        if (isTaken(found, clock())) return { other: found };
        const row = found.holder === null ? found : { ...found, ...steppedBack(found) };
        if (!from.includes(row.state)) throw notPossible(row.name, row.state, VERBS[operation]);
        if (to !== undefined && to !== row.state) checkStep(row.name, row.state, to);
        const more = (await also?.(tx, row)) ?? {};
        const changes = { ...steppedBack(row), state: to ?? row.state, ...more, holder, operation };
        await updateSession(tx, row.id, changes);
        return { row: { ...row, ...changes } };
      },
      { signal },
    );
    if ('row' in claimed) return new Claim(world, claimed.row);
    if (performance.now() - start >= patience) throw busy(claimed.other);
  }
}

/** What is left of an operation whose process is gone. */
export function steppedBack({ state }: SessionTable): Partial<SessionTable> {
  const back = BACK[state] ?? state;
  const atWork = back === 'active' ? {} : { runner: null, lease_until: null };
  return { ...atWork, state: back, holder: null, operation: null };
}

/** Whether a process that lives carries an operation on it. */
export function isTaken({ holder, lease_until }: SessionTable, now: number): boolean {
  if (holder === null) return false;
  const fate = fateOf(holder);
  // Of another machine nobody can tell but by the lease.
  return fate === 'lives' || (fate === 'unknown' && (lease_until ?? Infinity) > now);
}

const VERBS: Readonly<Record<Operation, string>> = {
  create: 'be created',
  suspend: 'be suspended',
  resume: 'be resumed',
  checkpoint: 'be saved',
  restore: 'be restored',
  terminate: 'be terminated',
  sync: 'be synced',
  expire: 'expire',
};

function busy({ name, state, operation }: SessionTable): StrataError {
  return new StrataError(
    'conflict',
    `session ${name} is ${state}, and another process is at work on it: ${operation}`,
    {
      hint: `Wait for that to end; \`strata sessions get ${name}\` shows how it is.`,
      details: { session: name, state, operation },
    },
  );
}
