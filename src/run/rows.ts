/** Rows of runs and their tasks: how they come to be, and what they say. */

import { StrataError, thisProcess, toHex } from '../base/index.ts';
import type { Database, RunTable, TaskTable, Transaction } from '../db/index.ts';
import type { RunState, TaskState } from '../plan/index.ts';
import { newTaskId } from './ids.ts';
import { sealRequest } from './request.ts';
import type { RunRequest } from './request.ts';
import type { TaskGraph } from './run-graph.ts';
import type { RunWorld } from './world.ts';

type Query = Database['kysely'] | Transaction;

export interface NewRun {
  readonly id: string;
  readonly request: RunRequest;
  readonly graph: TaskGraph;
  readonly state: RunState;
  readonly created: number;
  readonly restartedFrom: string | undefined;
  /** Of each task that is taken over from there: its row. */
  readonly reused: ReadonlyMap<number, TaskTable>;
}

/** @returns its tasks, in their order */
export async function insertRun(tx: Transaction, world: RunWorld, run: NewRun): Promise<TaskTable[]> {
  const { vault } = world;
  await tx
    .insertInto('runs')
    .values({
      id: run.id,
      tenant: toHex(vault.id),
      name: run.request.run,
      phase: run.state.phase,
      result: run.state.result,
      created: run.created,
      started: null,
      ended: null,
      restarted_from: run.restartedFrom ?? null,
      request: sealRequest(vault, run.id, run.request),
      holder: thisProcess(),
      cancel: 0,
      expires: null,
    })
    .execute();
  const tasks = run.graph.tasks.map(({ name, level }, number): TaskTable => {
    const reused = run.reused.get(number);
    return {
      id: newTaskId(world.random),
      run: run.id,
      number,
      name,
      level,
      attempt: reused?.attempt ?? 0,
      reused: reused === undefined ? 0 : 1,
      started: reused?.started ?? null,
      ended: reused?.ended ?? null,
      input_digest: reused?.input_digest ?? null,
      restored_bytes: 0,
      saved_bytes: 0,
      error: null,
      ...taskColumns(run.state.tasks[number]!),
    };
  });
  // SQLite takes 32,766 values in one statement.
  for (let at = 0; at < tasks.length; at += 1000)
    await tx
      .insertInto('tasks')
      .values(tasks.slice(at, at + 1000))
      .execute();
  for (const [number, { id, attempt }] of run.reused) await takeLayers(tx, id, attempt, tasks[number]!);
  return tasks;
}

/** The layers of a task of another run become those of this one as well. */
export async function takeLayers(
  tx: Transaction,
  from: string,
  attempt: number,
  to: Pick<TaskTable, 'id' | 'attempt'>,
): Promise<void> {
  const layers = await tx
    .selectFrom('task_layers')
    .selectAll()
    .where('task', '=', from)
    .where('attempt', '=', attempt)
    .execute();
  for (const layer of layers)
    await tx
      .insertInto('task_layers')
      .values({ ...layer, task: to.id, attempt: to.attempt })
      .execute();
}

export function taskColumns(
  state: TaskState,
): Pick<TaskTable, 'status' | 'waiting_approval' | 'approved' | 'executor' | 'earlier' | 'unchanged'> {
  return {
    status: state.status,
    waiting_approval: state.waitingApproval ? 1 : 0,
    approved: state.approved ? 1 : 0,
    executor: state.executor ?? null,
    earlier: state.earlier ?? null,
    unchanged: state.unchanged ? 1 : 0,
  };
}

function taskState(row: TaskTable): TaskState {
  return {
    status: row.status,
    waitingApproval: row.waiting_approval === 1,
    approved: row.approved === 1,
    executor: row.executor ?? undefined,
    earlier: row.earlier ?? undefined,
    unchanged: row.unchanged === 1,
  };
}

export function runState({ phase, result, cancel }: RunTable, tasks: readonly TaskTable[]): RunState {
  return { phase, result, stopping: cancel === 1, tasks: tasks.map(taskState) };
}

/** @throws run_not_found */
export async function getRun(query: Query, tenant: string, id: string): Promise<RunTable> {
  const row = await query
    .selectFrom('runs')
    .selectAll()
    .where('id', '=', id)
    .where('tenant', '=', tenant)
    .executeTakeFirst();
  if (row !== undefined) return row;
  throw new StrataError('run_not_found', `there is no run ${id}`, {
    hint: '`strata runs list` shows those that there are.',
    details: { run: id },
  });
}

export async function tasksOf(query: Query, run: string): Promise<TaskTable[]> {
  return query.selectFrom('tasks').selectAll().where('run', '=', run).orderBy('number').execute();
}
