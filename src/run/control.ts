/** What other processes may want of a run: rows that the one that carries it reads. */

import { StrataError, nearNames, toHex } from '../base/index.ts';
import { getRun, tasksOf } from './rows.ts';
import { sweepAttempts } from './sweep.ts';
import { isOrphaned } from './view.ts';
import type { RunWorld } from './world.ts';

/**
 * Asks for the end of a run. One that nobody carries is ended here.
 *
 * @throws run_not_found; refused if it has ended
 */
export async function cancelRun(world: RunWorld, id: string): Promise<void> {
  const { database, vault, clock, retention } = world;
  const wasOrphaned = await database.transaction(async (tx) => {
    const run = await getRun(tx, toHex(vault.id), id);
    if (run.phase !== 'queued' && run.phase !== 'running') throw over(id);
    if (!isOrphaned(run)) {
      await tx.updateTable('runs').set({ cancel: 1 }).where('id', '=', id).execute();
      return false;
    }
    const ended = clock();
    for (const [from, to] of [
      ['running', 'stopped'],
      ['notstarted', 'cancelled'],
    ] as const)
      await tx
        .updateTable('tasks')
        .set({ status: to, ended, waiting_approval: 0 })
        .where('run', '=', id)
        .where('status', '=', from)
        .execute();
    const phase = run.phase === 'queued' ? ('cancelled' as const) : ('finished' as const);
    const result = run.result === 'unknown' && phase === 'finished' ? ('stopped' as const) : run.result;
    await tx
      .updateTable('runs')
      .set({ phase, result, ended, expires: ended + retention, holder: null, cancel: 1 })
      .where('id', '=', id)
      .execute();
    return true;
  });
  // What was running then may be running still, with nobody to end it.
  if (wasOrphaned) await sweepAttempts(world, id, await tasksOf(database.kysely, id));
}

/**
 * @param task its name
 * @throws run_not_found, task_not_found; refused if nothing waits for it
 */
export async function approveTask({ database, vault }: RunWorld, id: string, task: string): Promise<void> {
  await database.transaction(async (tx) => {
    const run = await getRun(tx, toHex(vault.id), id);
    const tasks = await tasksOf(tx, id);
    const row = tasks.find(({ name }) => name === task);
    if (row === undefined)
      throw noTask(
        id,
        task,
        tasks.map(({ name }) => name),
      );
    if (row.waiting_approval === 0 || row.approved === 1)
      throw new StrataError('refused', `${task} of ${id} does not wait for an approval`, {
        hint:
          run.phase === 'running' ? '`strata runs get` shows which tasks do.' : `The run is ${run.phase}.`,
        details: { run: id, task, status: row.status },
      });
    await tx.updateTable('tasks').set({ approved: 1 }).where('id', '=', row.id).execute();
  });
}

export function noTask(run: string, task: string, names: readonly string[]): StrataError {
  const near = nearNames(task, names);
  return new StrataError('task_not_found', `${run} has no task ${JSON.stringify(task)}`, {
    hint:
      near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `\`strata runs get ${run}\` lists its tasks.`,
    details: { run, task, near },
  });
}

function over(id: string): StrataError {
  return new StrataError('refused', `${id} has ended already`, {
    hint: `\`strata runs get ${id}\` shows how.`,
    details: { run: id },
  });
}
