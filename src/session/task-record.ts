/** What is written down of a command in a session, as it begins and as it ends. */

import { join } from 'node:path';

import { StrataError, thisProcess, utf8 } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { Ended } from '../exec/index.ts';
import { recordEvent } from '../workspace/index.ts';
import { isTaken } from './claim.ts';
import { checkHere } from './here.ts';
import type { QuotaExceeded } from './results.ts';
import { getLiveSession, newTaskId, updateSession } from './rows.ts';
import { isAway } from './save-files.ts';
import { notPossible } from './states.ts';
import type { ExecutorWish, SessionWorld } from './world.ts';

export interface Task {
  readonly id: string;
  readonly session: SessionTable;
  /** Its scratch directory. */
  readonly place: string;
}

/** @throws session_not_found; conflict if it is not active, or is being put back */
export async function beginTask(
  world: SessionWorld,
  ref: string,
  words: readonly string[],
  { kind }: ExecutorWish,
): Promise<Task> {
  const { database, clock, tenant, random } = world;
  const id = newTaskId(random);
  const place = join(world.tasksDirectory, id);
  const found = await getLiveSession(database.kysely, tenant, ref);
  const command = await sealCommand(world, found, id, words);
  const session = await database.transaction(async (tx) => {
    const row = await getLiveSession(tx, tenant, found.id);
    const isRestoring = row.operation === 'restore' && isTaken(row, clock());
    if (isRestoring) throw beingRestored(row.name);
    if (row.state !== 'active') throw notPossible(row.name, row.state, 'run a command');
    checkHere(world, row);
    const last = await tx
      .selectFrom('session_tasks')
      .select(({ fn }) => fn.max('number').as('number'))
      .where('session', '=', row.id)
      .executeTakeFirst();
    const number = (last?.number ?? 0) + 1;
    await tx
      .insertInto('session_tasks')
      .values({
        id,
        session: row.id,
        number,
        command,
        status: 'running',
        exit_code: null,
        runner: world.runner.id,
        holder: thisProcess(),
        place,
        executor: kind,
        started: clock(),
        ended: null,
        snapshot: null,
      })
      .execute();
    await updateSession(tx, row.id, { last_active: clock() });
    await recordEvent(tx, world, { kind: 'task.started', session: row.name, details: { task: id, number } });
    return row;
  });
  return { id, session, place };
}

function beingRestored(name: string): StrataError {
  return new StrataError('conflict', `session ${name} is being restored to a checkpoint`, {
    hint: 'Run the command again when that is done.',
    details: { session: name },
  });
}

/** Work goes on while the store is away. */
async function sealCommand(
  world: SessionWorld,
  { store_region }: SessionTable,
  task: string,
  words: readonly string[],
): Promise<Uint8Array | null> {
  try {
    const { vault } = await world.storeOf(store_region, {});
    return vault.sealRow(`session-task/${task}`, utf8(JSON.stringify(words)));
  } catch (error) {
    if (!isAway(error)) throw error;
    return null;
  }
}

/** @param ended undefined: it was stopped */
export async function endTask(
  world: SessionWorld,
  { id, session }: Task,
  ended: Ended | undefined,
  quota: QuotaExceeded | undefined,
): Promise<void> {
  const { database, clock } = world;
  await database.transaction(async (tx) => {
    await tx
      .updateTable('session_tasks')
      .set({
        status: ended === undefined ? 'stopped' : 'ended',
        exit_code: ended?.exitCode ?? null,
        ended: clock(),
      })
      .where('id', '=', id)
      .where('status', '=', 'running')
      .execute();
    await updateSession(tx, session.id, { last_active: clock() });
    const exitCode = ended?.exitCode ?? null;
    await recordEvent(tx, world, {
      kind: 'task.ended',
      session: session.name,
      details: { task: id, exitCode },
    });
    if (quota === undefined) return;
    const { usedBytes, limitBytes, stopped } = quota;
    const details = { task: id, usedBytes, limitBytes, stopped };
    await recordEvent(tx, world, { kind: 'session.quota_exceeded', session: session.name, details });
  });
}
