/** Commands that run in a session: which there are, and how they end when somebody else wants that. */

import { setTimeout } from 'node:timers/promises';

import { fateOf, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SessionTable, SessionTaskTable } from '../db/index.ts';
import { recordEvent } from '../workspace/index.ts';
import type { Query } from './rows.ts';
import type { ExecutorWish, SessionWorld } from './world.ts';

/** Milliseconds between two looks at commands that are being ended. */
const WAIT_MS = 50;
/** Who stands by a command ends it within its grace; who does not by then is stopped himself, or is no more. Milliseconds. */
const PATIENCE_MS = 15_000;

type RunningTask = Pick<SessionTaskTable, 'id' | 'holder' | 'place' | 'executor'>;

/** @param runner its tasks alone: one that has lost the session may still have some. Null: none */
export async function runningTasks(
  query: Query,
  session: string,
  runner: string | null,
): Promise<RunningTask[]> {
  return running(query, runner ?? '')
    .where('session', '=', session)
    .execute();
}

function running(query: Query, runner: string) {
  return query
    .selectFrom('session_tasks')
    .select(['id', 'holder', 'place', 'executor'])
    .where('runner', '=', runner)
    .where('status', '=', 'running');
}

/** Returns when none runs here. The state of the session tells those who stand by them that they have to end. */
export async function stopTasks(
  world: SessionWorld,
  { id }: Pick<SessionTable, 'id'>,
  { signal }: Cancellable,
): Promise<void> {
  for (const start = performance.now(); ; await setTimeout(WAIT_MS, undefined, signal && { signal })) {
    throwIfAborted(signal);
    const here = await runningTasks(world.database.kysely, id, world.runner.id);
    if (here.length === 0) return;
    const isLate = performance.now() - start > PATIENCE_MS;
    for (const task of here)
      if (isLate || fateOf(task.holder) === 'dead') await endTask(world, task, isLate ? 'stopped' : 'lost');
  }
}

/** Tasks of this runner whose process is gone: what is left of them ends. @param session undefined: of all */
export async function sweepTasks(world: SessionWorld, session?: string): Promise<void> {
  let left = running(world.database.kysely, world.runner.id);
  if (session !== undefined) left = left.where('session', '=', session);
  for (const task of await left.execute())
    if (fateOf(task.holder) === 'dead') await endTask(world, task, 'lost');
}

async function endTask(
  world: SessionWorld,
  { id, place, executor }: Pick<SessionTaskTable, 'id' | 'place' | 'executor'>,
  status: 'stopped' | 'lost',
): Promise<void> {
  const wish: ExecutorWish = { kind: executor === 'podman' ? 'podman' : 'host', sandbox: 'auto' };
  await (await world.openExecutor(wish)).sweepLeftovers(place);
  await world.database.transaction(async (tx) => {
    const ended = await tx
      .updateTable('session_tasks')
      .set({ status, ended: world.clock() })
      .where('id', '=', id)
      .where('status', '=', 'running')
      .returning('session')
      .executeTakeFirst();
    // Somebody else was quicker, and has told it.
    if (ended === undefined) return;
    const { name, tenant } = await tx
      .selectFrom('sessions')
      .select(['name', 'tenant'])
      .where('id', '=', ended.session)
      .executeTakeFirstOrThrow();
    const details = { task: id, exitCode: null };
    await recordEvent(tx, { tenant, clock: world.clock }, { kind: 'task.ended', session: name, details });
  });
}
