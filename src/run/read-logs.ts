/** What tasks have printed, step by step. */

import { setTimeout } from 'node:timers/promises';

import type { Cancellable } from '../base/index.ts';
import type { TaskTable } from '../db/index.ts';
import { isRunOver } from '../plan/index.ts';
import { tasksOf } from './rows.ts';
import { getKnownRun } from './start.ts';
import { isOrphaned } from './view.ts';
import type { RunWorld } from './world.ts';

/** Milliseconds between two looks at a task that has not begun its next step. */
const WAIT_MS = 150;

export interface LogPart {
  readonly task: string;
  readonly step: string;
  readonly bytes: Uint8Array;
}

/**
 * @param follow waits for what comes, as long as the task or the run goes on
 * @throws run_not_found, task_not_found
 */
export async function* readLogs(
  world: RunWorld,
  id: string,
  {
    task: name,
    follow = false,
    signal,
  }: Cancellable & { readonly task?: string | undefined; readonly follow?: boolean | undefined },
): AsyncGenerator<LogPart, void> {
  const { graph } = await getKnownRun(world, id);
  const tasks = await tasksOf(world.database.kysely, id);
  for (const number of name === undefined ? graph.order : [graph.getNumber(id, name)]) {
    const steps = graph.tasks[number]!.definition.steps;
    yield* taskLog(world, tasks[number]!, (step) => steps[step]?.name ?? `step ${step + 1}`, {
      follow,
      signal,
    });
  }
}

async function* taskLog(
  world: RunWorld,
  { id, run, name }: TaskTable,
  stepName: (step: number) => string,
  { follow, signal }: Cancellable & { readonly follow: boolean },
): AsyncGenerator<LogPart, void> {
  const { database, logs } = world;
  const now = () =>
    database.kysely
      .selectFrom('tasks')
      .innerJoin('runs', 'runs.id', 'tasks.run')
      .select(['tasks.attempt', 'tasks.status', 'runs.phase', 'runs.holder'])
      .where('tasks.id', '=', id)
      .executeTakeFirst();
  const goesOn = async () => {
    const state = await now();
    if (!follow || state === undefined || isOrphaned(state)) return false;
    return state.status === 'running' || (state.status === 'notstarted' && !isRunOver(state.phase));
  };
  const told = new Set<number>();
  for (let more = true; more;) {
    more = await goesOn();
    const attempt = (await now())?.attempt ?? 0;
    const steps = logs.steps(run, id, attempt).filter((step) => !told.has(step));
    for (const step of steps) {
      told.add(step);
      // The next step begins when this one has ended.
      const isLast = async () => (await goesOn()) && logs.steps(run, id, attempt).at(-1) === step;
      for await (const bytes of logs.read(run, id, attempt, step, { signal, goesOn: isLast }))
        yield { task: name, step: stepName(step), bytes };
    }
    if (more && steps.length === 0) await setTimeout(WAIT_MS, undefined, signal && { signal });
  }
}
