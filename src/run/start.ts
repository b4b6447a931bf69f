/** A run begins: its file is read, its tasks get rows, and a conductor. */

import { StrataError, nearNames, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { matches, newRunState, readRunFile } from '../plan/index.ts';
import type { RunDefinition, RunState } from '../plan/index.ts';
import type { RunTable, TaskTable, Transaction } from '../db/index.ts';
import { Conductor } from './conductor.ts';
import type { ConductOptions } from './conductor.ts';
import { newRunId } from './ids.ts';
import { foreseen } from './foreseen.ts';
import { openRequest, whenSource } from './request.ts';
import type { RunRequest, RunSource } from './request.ts';
import { getRun, insertRun } from './rows.ts';
import { TaskGraph } from './run-graph.ts';
import type { RunWorld } from './world.ts';

export interface Prepared {
  readonly definition: RunDefinition;
  readonly graph: TaskGraph;
}

/** A run that is in the database, with what of it never changes. */
export interface KnownRun extends Prepared {
  readonly row: RunTable;
  readonly request: RunRequest;
}

/** @throws run_not_found; integrity */
export async function getKnownRun(world: RunWorld, id: string): Promise<KnownRun> {
  return knownRun(world, await getRun(world.database.kysely, toHex(world.vault.id), id));
}

/** @throws integrity */
export async function knownRun({ vault }: RunWorld, row: RunTable): Promise<KnownRun> {
  const request = openRequest(vault, row.id, row.request);
  return { row, request, ...(await prepareRun(request, request.run)) };
}

/**
 * Everything that can be wrong with a run before it is one.
 *
 * @param run which of the file's; undefined: the only one
 * @throws bad_input, unknown_config_key with all flaws; not_found
 */
export async function prepareRun(
  { file, shown }: Pick<RunRequest, 'file' | 'shown'>,
  run: string | undefined,
): Promise<Prepared> {
  const { runs } = await readRunFile(file, shown);
  const names = runs.map(({ name }) => name);
  const definition = run === undefined && runs.length === 1 ? runs[0] : runs.find(({ name }) => name === run);
  if (definition !== undefined) return { definition, graph: new TaskGraph(definition) };
  if (run === undefined)
    throw new StrataError('bad_input', `${shown} has ${runs.length} runs: ${names.join(', ')}`, {
      hint: 'Say which one: --run NAME.',
      details: { runs: names },
    });
  const near = nearNames(run, names);
  throw new StrataError('not_found', `${shown} has no run ${JSON.stringify(run)}`, {
    hint: near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `It has ${names.join(', ')}.`,
    details: { run, runs: names },
  });
}

/** @throws refused if the condition of the run is not met */
export function refuseLeftOut({ name, when }: RunDefinition, source: RunSource | undefined): void {
  if (matches(when, whenSource(source))) return;
  const { branch, tag } = whenSource(source);
  const of = tag === undefined ? `branch ${branch}` : `tag ${tag}`;
  throw new StrataError(
    'refused',
    `run ${name} is not for ${(branch ?? tag) ? of : 'a source without branch and tag'}`,
    {
      hint: 'Its `when` leaves it out. --branch and --tag say what it is held against.',
      details: { run: name, branch: branch ?? null, tag: tag ?? null },
    },
  );
}

export interface BeginOptions extends ConductOptions {
  readonly restartedFrom?: string | undefined;
  readonly state?: RunState | undefined;
  /** Of each task that is taken over from the run that is restarted: its row there. */
  readonly reused?: ReadonlyMap<number, TaskTable> | undefined;
  readonly earlier?: ReadonlyMap<string, TaskTable> | undefined;
  /** In the transaction that makes the run. @throws what keeps it from being one */
  readonly check?: ((tx: Transaction) => Promise<void>) | undefined;
}

/**
 * @returns a conductor that has not begun yet; the run is in the database
 * @throws refused if its `when` leaves it out; bad_input with all tasks that nothing can run
 */
export async function beginRun(
  world: RunWorld,
  request: RunRequest,
  { definition, graph }: Prepared,
  options: BeginOptions & Cancellable = {},
): Promise<Conductor> {
  const { restartedFrom, reused = new Map(), earlier = new Map() } = options;
  const id = newRunId(world.random);
  const created = world.clock();
  const state = options.state ?? newRunState(graph.tasks.length);
  refuseLeftOut(definition, request.source);
  // Before there is a row of it: a task that nothing can run is a mistake of the file.
  graph.checkStart(world.executors, request);
  // Nor is what cannot be bound found by the first task.
  if (request.settings.bind.length > 0) await world.openExecutor({ type: 'host' }, request.settings);
  for (const text of foreseen(definition.tasks, request)) options.onWarning?.(text);
  const tasks = await world.database.transaction(async (tx) => {
    await options.check?.(tx);
    return insertRun(tx, world, { id, request, graph, state, created, restartedFrom, reused });
  });
  return new Conductor(
    world,
    { id, request, definition, graph, state, tasks, times: { created }, restartedFrom, earlier },
    options,
  );
}
