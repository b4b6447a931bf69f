/** A run again, with what succeeded in an earlier one: a plan that can be looked at, then a run of its own. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { RunTable, TaskTable, Transaction } from '../db/index.ts';
import { planRestart, restartState } from '../plan/index.ts';
import type { RestartMode, RestartPlan, RestartProblem, RunState } from '../plan/index.ts';
import type { Conductor, ConductOptions } from './conductor.ts';
import { gapsOf } from './gaps.ts';
import { pinSource } from './pin-source.ts';
import type { RunRequest, RunSettings } from './request.ts';
import { runState, tasksOf } from './rows.ts';
import { beginRun, getKnownRun } from './start.ts';
import type { Prepared } from './start.ts';
import type { RunWorld } from './world.ts';

export interface RestartOptions extends Cancellable {
  readonly mode: 'from-failed' | 'from-start' | { readonly tasks: readonly string[] };
  /** Instead of those that it was started with, or beside them. */
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** Tasks whose layers are gone run again as well, instead of being a reason to refuse. */
  readonly mend?: boolean | undefined;
  readonly settings?: Partial<RunSettings> | undefined;
}

export interface PlannedRestart {
  readonly run: RunTable;
  readonly request: RunRequest;
  readonly prepared: Prepared;
  readonly tasks: readonly TaskTable[];
  readonly old: RunState;
  readonly plan: RestartPlan;
  /** What stands in its way, in sentences. */
  readonly problems: readonly string[];
  /** Names of stored objects that are not whole. */
  readonly damaged: ReadonlySet<string>;
}

/**
 * What would run again and what would be taken over, and whether all that is taken over is still there: each chunk of it is looked up.
 *
 * @throws run_not_found, task_not_found; refused while the run goes on
 */
export async function planRestartOf(
  world: RunWorld,
  id: string,
  options: RestartOptions,
): Promise<PlannedRestart> {
  const { row: run, request, ...prepared } = await getKnownRun(world, id);
  const { graph } = prepared;
  const tasks = await tasksOf(world.database.kysely, id);
  const old = runState(run, tasks);
  const mode = modeOf(id, prepared, options.mode);
  const nodes = graph.nodes(world.executors, request.source);
  const first = planRestart(nodes, old, mode);
  const isRerun = (task: number) => first.decisions[task]!.action === 'rerun';
  const needed = first.decisions.flatMap(({ task, action }) =>
    action === 'reuse' && graph.descendants(task).some(isRerun) ? [task] : [],
  );
  const gaps = await gapsOf(world, run, { graph, tasks }, needed, options);
  const layersGone = new Set(gaps.why.keys());
  const also = options.mend === true ? [...layersGone] : [];
  const plan = planRestart(nodes, old, mode, { layersGone, also });
  const name = (task: number) => graph.tasks[task]!.name;
  // What nobody reads any more is missed by nobody.
  const inTheWay = plan.problems.filter((problem) => problem.kind !== 'layer-gone' || problem.needed);
  const problems = inTheWay.map((problem) => problemText(problem, name, gaps.why));
  return { run, request, prepared, tasks, old, plan, problems, damaged: gaps.objects };
}

/**
 * @returns a conductor that has not begun
 * @throws as `planRestartOf`; layer_gone, refused, with all that stands in the way, before anything is started
 */
export async function restartRun(
  world: RunWorld,
  id: string,
  options: RestartOptions & ConductOptions,
): Promise<Conductor> {
  const planned = await planRestartOf(world, id, options);
  refuseProblems(id, planned);
  const { request, prepared, tasks, old, plan } = planned;
  // Else what runs again would refer to what it is to replace.
  await world.vault.doubt(planned.damaged, options);
  const settings = { ...request.settings, ...options.settings };
  const again: RunRequest = {
    ...request,
    // That of the run before, which has a commit: what is reused, and what runs again, are of the same.
    source: await pinSource(request.source, prepared.definition, options),
    variables: { ...request.variables, ...options.variables },
    settings,
  };
  const reused = new Map(
    plan.decisions.flatMap(({ task, action }) => (action === 'reuse' ? [[task, tasks[task]!] as const] : [])),
  );
  return beginRun(world, again, prepared, {
    ...options,
    restartedFrom: id,
    state: restartState(plan, old, { earlyCutoff: settings.earlyCutoff }),
    reused,
    check: (tx) => checkUnchanged(tx, planned.run),
    earlier: new Map(tasks.map((task) => [task.name, task])),
  });
}

/** Its time may have come between the plan and this. @throws layer_gone */
async function checkUnchanged(tx: Transaction, { id, expires }: RunTable): Promise<void> {
  const now = await tx.selectFrom('runs').select('expires').where('id', '=', id).executeTakeFirst();
  if (now !== undefined && now.expires === expires) return;
  throw new StrataError('layer_gone', `the layers of ${id} have just been given up`, {
    hint: 'Nothing was started. Try again: the plan is another one now.',
    details: { run: id },
  });
}

function modeOf(id: string, { graph }: Prepared, mode: RestartOptions['mode']): RestartMode {
  if (typeof mode === 'string') return { kind: mode };
  return { kind: 'tasks', tasks: mode.tasks.map((name) => graph.getNumber(id, name)) };
}

function problemText(
  problem: RestartProblem,
  name: (task: number) => string,
  gaps: ReadonlyMap<number, string>,
): string {
  switch (problem.kind) {
    case 'not-over':
      return `it is ${problem.phase}: \`strata runs cancel\` ends it; where its process is gone, \`strata runs resume\` goes on with it`;
    case 'nothing-to-rerun':
      return 'every task has succeeded, so nothing would run again';
    case 'layer-gone':
      return `${name(problem.task)} cannot be reused: ${gaps.get(problem.task)}`;
    case 'parent-in-the-way':
      return `${name(problem.task)} would be skipped, since ${name(problem.parent)} is ${problem.status}`;
    case 'left-out':
      return `${name(problem.task)} would be skipped by its \`when\``;
  }
}

/** @throws refused, layer_gone */
function refuseProblems(id: string, { plan, problems }: PlannedRestart): void {
  if (problems.length === 0) return;
  const gone = plan.problems.some(({ kind }) => kind === 'layer-gone');
  throw new StrataError(
    gone ? 'layer_gone' : 'refused',
    `${id} cannot be restarted so:\n${problems.join('\n')}`,
    {
      hint: gone
        ? 'With --mend the tasks whose layers are gone run again too; nothing was started.'
        : 'Nothing was started. `--from-start` runs all of it, `--tasks a,b` some.',
      details: { run: id, problems: plan.problems },
    },
  );
}
