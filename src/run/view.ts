/** A run as others see it: from rows, whoever carries it. */

import { fateOf, isStrataError } from '../base/index.ts';
import type { Database, RunTable, TaskTable } from '../db/index.ts';
import { isRunOver, matches, matchesEdge, readRunFile } from '../plan/index.ts';
import type { TaskDefinition } from '../plan/index.ts';
import type { Fault } from './fault.ts';
import { shownLocation } from './pin-source.ts';
import { openRequest, whenSource } from './request.ts';
import type { RunRequest, RunSource } from './request.ts';
import { getRun, tasksOf } from './rows.ts';
import { layersOfRun } from './saved-layer.ts';
import type { SavedLayer } from './saved-layer.ts';
import type { RunWorld } from './world.ts';
import { toHex } from '../base/index.ts';

export interface RunInfo {
  readonly id: string;
  readonly name: string;
  readonly phase: RunTable['phase'];
  readonly result: RunTable['result'];
  readonly restartedFrom: string | undefined;
  readonly created: number;
  readonly started: number | undefined;
  readonly ended: number | undefined;
  /** When its layers may go; undefined: not before it has ended. */
  readonly expires: number | undefined;
  /** The process that carried it is gone: `resume` goes on with it. */
  readonly orphaned: boolean;
  /** What `clone` takes; undefined: no task has anything to clone. */
  readonly source: SourceInfo | undefined;
  readonly tasks: readonly TaskInfo[];
}

/** As `RunSource`, without a password in it. */
export interface SourceInfo {
  readonly location: string;
  readonly ref: string | undefined;
  /** All digits. */
  readonly commit: string;
}

export interface TaskInfo {
  readonly id: string;
  readonly name: string;
  readonly status: TaskTable['status'];
  readonly level: number;
  /** Counts from 1; 0: it was never begun. */
  readonly attempt: number;
  readonly reused: boolean;
  readonly waitingApproval: boolean;
  readonly executor: string | undefined;
  readonly started: number | undefined;
  readonly ended: number | undefined;
  readonly inputDigest: string | undefined;
  readonly savedBytes: number;
  readonly restoredBytes: number;
  readonly layers: readonly LayerInfo[];
  readonly error: Fault | undefined;
  /** What it is at, as far as this process knows. */
  readonly step?: string | undefined;
  /** It has failed, and that does not make the run fail. Only `showRun` tells this, and the next. */
  readonly ignored?: boolean | undefined;
  /** Undefined also where nobody can tell. */
  readonly skipped?: SkipReason | undefined;
}

/** Its `when` is not met, or the first of its parents that ended as it must not. */
export type SkipReason = 'when' | { readonly parent: string; readonly status: TaskTable['status'] };

export interface LayerInfo {
  readonly step: string;
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  readonly newBytes: number;
}

/** Without its tasks and its source. */
export type RunSummary = Omit<RunInfo, 'tasks' | 'source'> & {
  /** How many tasks there are, and how many of them have ended in which way. */
  readonly tasks: Readonly<Record<TaskTable['status'], number>>;
};

/** @throws run_not_found */
export async function showRun(world: RunWorld, id: string): Promise<RunInfo> {
  const { database, vault } = world;
  const run = await getRun(database.kysely, toHex(vault.id), id);
  const tasks = await withEarlierErrors(database.kysely, run, await tasksOf(database.kysely, id));
  const layers = await layersOfRun(database.kysely, id);
  const request = openRequest(vault, id, run.request);
  const definitions = await definitionsOf(request, tasks);
  const statuses = new Map(tasks.map(({ name, status }) => [name, status]));
  return {
    ...runFacts(run),
    source: sourceInfo(request.source),
    tasks: tasks.map((task) => ({
      ...taskInfo(task, layers.get(task.id) ?? []),
      ...remarks(task, definitions.get(task.name), statuses, request.source),
    })),
  };
}

/** Of a task that was taken over though it had failed, what ended it stands where it ran. */
async function withEarlierErrors(
  query: Database['kysely'],
  { restarted_from }: RunTable,
  tasks: readonly TaskTable[],
): Promise<readonly TaskTable[]> {
  const lacks = ({ status, error }: Pick<TaskTable, 'status' | 'error'>) =>
    status === 'failed' && error === null;
  let left = tasks.filter(lacks).length;
  const found = new Map<string, string>();
  for (let from = restarted_from; from !== null && left > 0;) {
    const rows = await query
      .selectFrom('tasks')
      .select(['name', 'error'])
      .where('run', '=', from)
      .where('status', '=', 'failed')
      .execute();
    for (const { name, error } of rows) if (error !== null && !found.has(name)) found.set(name, error);
    left = tasks.filter((task) => lacks(task) && !found.has(task.name)).length;
    const run = await query
      .selectFrom('runs')
      .select('restarted_from')
      .where('id', '=', from)
      .executeTakeFirst();
    from = run?.restarted_from ?? null;
  }
  return tasks.map((task) => (lacks(task) ? { ...task, error: found.get(task.name) ?? null } : task));
}

/** By name; none where nothing is to be said of them. */
async function definitionsOf(
  { file, shown, run }: RunRequest,
  tasks: readonly TaskTable[],
): Promise<ReadonlyMap<string, TaskDefinition>> {
  if (tasks.every(({ status }) => status !== 'failed' && status !== 'skipped')) return new Map();
  try {
    const { runs } = await readRunFile(file, shown);
    const definition = runs.find(({ name }) => name === run);
    return new Map(definition?.tasks.map((task) => [task.name, task]));
  } catch (error) {
    // A file that was good enough for an older release: the run is shown all the same.
    if (isStrataError(error)) return new Map();
    throw error;
  }
}

function remarks(
  { status }: TaskTable,
  definition: TaskDefinition | undefined,
  statuses: ReadonlyMap<string, TaskTable['status']>,
  source: RunSource | undefined,
): Pick<TaskInfo, 'ignored' | 'skipped'> {
  if (definition === undefined) return {};
  if (status === 'failed') return { ignored: definition.ignoreFailure };
  if (status !== 'skipped') return {};
  if (!matches(definition.when, whenSource(source))) return { skipped: 'when' };
  for (const { task: parent, conditions } of definition.depends) {
    const of = statuses.get(parent);
    if (of !== undefined && !matchesEdge(of, conditions)) return { skipped: { parent, status: of } };
  }
  return {};
}

export function sourceInfo(source: RunSource | undefined): SourceInfo | undefined {
  const { location, ref, commit } = source ?? {};
  if (location === undefined || commit === undefined) return undefined;
  return { location: shownLocation(location), ref, commit };
}

export interface ListRunsOptions {
  /** So many of the newest. Default: all. */
  readonly limit?: number | undefined;
}

/** Newest first. */
export async function listRuns(
  { database, vault }: RunWorld,
  { limit }: ListRunsOptions = {},
): Promise<RunSummary[]> {
  const newest = database.kysely
    .selectFrom('runs')
    .where('tenant', '=', toHex(vault.id))
    .orderBy('created', 'desc')
    .orderBy('id')
    // Of SQLite: no limit.
    .limit(limit ?? -1);
  const runs = await newest.selectAll().execute();
  const counts = await database.kysely
    .selectFrom('tasks')
    .select(({ fn }) => ['run', 'status', fn.countAll<number>().as('count')])
    .where('run', 'in', newest.select('id'))
    .groupBy(['run', 'status'])
    .execute();
  const none = { notstarted: 0, skipped: 0, cancelled: 0, running: 0, stopped: 0, success: 0, failed: 0 };
  const byRun = new Map<string, Record<TaskTable['status'], number>>();
  for (const { run, status, count } of counts) {
    const tally = byRun.get(run) ?? { ...none };
    tally[status] = Number(count);
    byRun.set(run, tally);
  }
  return runs.map((run) => ({ ...runFacts(run), tasks: byRun.get(run.id) ?? none }));
}

function runFacts(run: RunTable): Omit<RunInfo, 'tasks' | 'source'> {
  return {
    id: run.id,
    name: run.name,
    phase: run.phase,
    result: run.result,
    restartedFrom: run.restarted_from ?? undefined,
    created: run.created,
    started: run.started ?? undefined,
    ended: run.ended ?? undefined,
    expires: run.expires ?? undefined,
    orphaned: isOrphaned(run),
  };
}

export function isOrphaned({ phase, holder }: Pick<RunTable, 'phase' | 'holder'>): boolean {
  return !isRunOver(phase) && (holder === null || fateOf(holder) === 'dead');
}

export function taskInfo(task: TaskTable, layers: readonly SavedLayer[]): TaskInfo {
  return {
    id: task.id,
    name: task.name,
    status: task.status,
    level: task.level,
    attempt: task.attempt,
    reused: task.reused === 1,
    waitingApproval: task.waiting_approval === 1 && task.approved === 0,
    executor: task.executor ?? undefined,
    started: task.started ?? undefined,
    ended: task.ended ?? undefined,
    inputDigest: task.input_digest ?? undefined,
    savedBytes: task.saved_bytes,
    restoredBytes: task.restored_bytes,
    layers: layers.map(layerInfo),
    error: task.error === null ? undefined : (JSON.parse(task.error) as Fault),
  };
}

function layerInfo({ stepName, digest, files, bytes, newBytes }: SavedLayer): LayerInfo {
  return { step: stepName, digest, files, bytes, newBytes };
}
