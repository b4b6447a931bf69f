/** A run whose process is gone goes on in this one: what was running then begins anew, in a directory of its own, or has failed. */

import { StrataError, thisProcess, toHex } from '../base/index.ts';
import { isRunOver } from '../plan/index.ts';
import type { TaskTable } from '../db/index.ts';
import { Conductor } from './conductor.ts';
import type { ConductOptions } from './conductor.ts';
import { interrupted } from './fault.ts';
import { dropLayersOf, dropUnreferenced } from './retention.ts';
import { getRun, runState, tasksOf } from './rows.ts';
import { knownRun } from './start.ts';
import { sweepAttempts } from './sweep.ts';
import { isOrphaned } from './view.ts';
import type { RunWorld } from './world.ts';

export interface ResumeOptions extends ConductOptions {
  /** What was running has failed; else it begins anew. */
  readonly failInterrupted?: boolean | undefined;
}

/** @throws run_not_found; refused if it has ended, or another process carries it */
export async function resumeRun(
  world: RunWorld,
  id: string,
  options: ResumeOptions = {},
): Promise<Conductor> {
  const { database, vault } = world;
  const row = await database.transaction(async (tx) => {
    const run = await getRun(tx, toHex(vault.id), id);
    if (isRunOver(run.phase)) throw ended(id);
    if (!isOrphaned(run)) throw carried(id);
    // From here on it is ours: another process that wants it finds a holder that lives.
    await tx.updateTable('runs').set({ holder: thisProcess() }).where('id', '=', id).execute();
    return run;
  });
  const { request, definition, graph } = await knownRun(world, row);
  const before = await tasksOf(database.kysely, id);
  await sweepAttempts(world, row, before);
  const tasks = before.map((task) => again(task, options.failInterrupted === true, world.clock()));
  await database.transaction(async (tx) => {
    for (const [at, task] of tasks.entries()) {
      if (task === before[at]) continue;
      const { status, ended: at_, error } = task;
      await tx.updateTable('tasks').set({ status, ended: at_, error }).where('id', '=', task.id).execute();
      // What begins anew saves anew.
      if (status === 'notstarted') await dropLayersOf(tx, task.id);
    }
    await dropUnreferenced(tx, toHex(vault.id));
  });
  const earlier = row.restarted_from === null ? [] : await tasksOf(database.kysely, row.restarted_from);
  const run = {
    id,
    request,
    definition,
    graph,
    state: runState(row, tasks),
    tasks,
    times: { created: row.created, started: row.started ?? undefined },
    restartedFrom: row.restarted_from ?? undefined,
    earlier: new Map(earlier.map((task) => [task.name, task])),
  };
  return new Conductor(world, run, options);
}

/** @param now when a task that was running has failed: nobody knows when its process died */
function again(task: TaskTable, fails: boolean, now: number): TaskTable {
  if (task.status !== 'running') return task;
  if (!fails) return { ...task, status: 'notstarted' };
  // The run will have ended, and can be gone on with no more.
  const fault = {
    ...interrupted(),
    hint: `\`strata runs restart ${task.run}\` runs it again, with what succeeded.`,
  };
  return { ...task, status: 'failed', ended: now, error: JSON.stringify(fault) };
}

function ended(id: string): StrataError {
  return new StrataError('refused', `${id} has ended`, {
    hint: `\`strata runs restart ${id}\` starts it again with what succeeded.`,
    details: { run: id },
  });
}

function carried(id: string): StrataError {
  return new StrataError('refused', `another process carries ${id}`, {
    hint: `\`strata runs get ${id}\` shows how far it is; \`strata runs cancel ${id}\` ends it.`,
    details: { run: id },
  });
}
