/** What other processes may want of a run: rows that the one that carries it reads. */

import { StrataError, toHex } from '../base/index.ts';
import { isRunOver } from '../plan/index.ts';
import { getRun, tasksOf } from './rows.ts';
import { noTask } from './run-graph.ts';
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
  const orphan = await database.transaction(async (tx) => {
    const run = await getRun(tx, toHex(vault.id), id);
    if (isRunOver(run.phase)) throw over(id);
    if (!isOrphaned(run)) {
      await tx.updateTable('runs').set({ cancel: 1 }).where('id', '=', id).execute();
      return undefined;
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
    return run;
  });
  // What was running then may be running still, with nobody to end it.
  if (orphan !== undefined) await sweepAttempts(world, orphan, await tasksOf(database.kysely, id));
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

function over(id: string): StrataError {
  return new StrataError('refused', `${id} has ended already`, {
    hint: `\`strata runs get ${id}\` shows how.`,
    details: { run: id },
  });
}
