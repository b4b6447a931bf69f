/** `RUN[#TASK]`: the workspace of a run as a whole, or as it is behind one of its tasks. */

import { StrataError, shellWord } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { RunTable, TaskTable } from '../db/index.ts';
import type { ConflictPolicy, StepDefinition } from '../plan/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { encodeRoot } from '../tree/index.ts';
import { mergeLayers } from '../workspace/index.ts';
import type { Query, ReadableTree, Wanted } from '../workspace/index.ts';
import { workspaceConflict } from './conflict.ts';
import { encodeTask, parseRunRef } from './ids.ts';
import type { RunRef } from './ids.ts';
import { TIME_IS_OVER, isExpired } from './retention.ts';
import { getRun, tasksOf } from './rows.ts';
import type { TaskGraph } from './run-graph.ts';
import { layersOfRun, visible } from './saved-layer.ts';
import { getKnownRun } from './start.ts';
import type { KnownRun } from './start.ts';
import { inputLayers, mergeInput } from './task-input.ts';
import type { InputLayer } from './task-input.ts';
import type { RunWorld } from './world.ts';

/** The layers that a reference means, and how they are put together. */
export interface RunLayers {
  readonly graph: TaskGraph;
  /** In order of application. */
  readonly layers: readonly InputLayer[];
  readonly policy: ConflictPolicy;
  /** As in `run-0123456789ab#build`. */
  readonly label: string;
  /** The number of the task that is named. */
  readonly task: number | undefined;
}

/**
 * Of a task: what its ancestors saved, and what it saved itself; put together as its first restore step would.
 *
 * @throws task_not_found; not_found when the run has lost the layers that are meant to its age
 */
export async function layersOfRef(
  query: Query,
  { graph, row: { tenant } }: Pick<KnownRun, 'graph' | 'row'>,
  { run, task }: RunRef,
): Promise<RunLayers> {
  const tasks = await tasksOf(query, run);
  const saved = await layersOfRun(query, run);
  const seen = (number: number) => visible(tasks[number]!.status, saved.get(tasks[number]!.id) ?? []);
  const number = task === undefined ? undefined : graph.getNumber(run, task);
  const meant = number === undefined ? graph.order : [...graph.ancestors(number), number];
  // Looked up with the layers: by now its time may have come.
  const row = await getRun(query, tenant, run);
  // No layers would look like tasks that have saved nothing.
  if (isExpired(row) && meant.some((each) => maySave(graph.tasks[each]!.definition.steps, tasks[each]!)))
    throw layersExpired(row);
  return {
    graph,
    layers: inputLayers(graph, meant, seen),
    policy: number === undefined ? { kind: 'fail' } : graph.policyOf(number),
    label: task === undefined ? run : `${run}#${encodeTask(task)}`,
    task: number,
  };
}

/** Whether a task could have layers that others see: as `visible`, without them. */
function maySave(steps: readonly StepDefinition[], { status }: TaskTable): boolean {
  if (status !== 'success' && status !== 'failed') return false;
  return steps.some(
    (step) => step.kind === 'save_to_workspace' && (status === 'success' || step.on === 'failure'),
  );
}

function layersExpired({ id, ended }: RunTable): StrataError {
  const when = new Date(ended!).toISOString();
  return new StrataError('not_found', `${id} has no layers any more: ${TIME_IS_OVER}; it ended on ${when}`, {
    hint: `\`strata runs restart ${shellWord(id)} --from-start\` makes them anew; \`runs.retention\` in strata.yaml says how long they are kept.`,
    details: { run: id, ended: when },
  });
}

/** @param source reads what was committed when the layers were looked up. @throws as `layersOfRef`; workspace_conflict */
export async function treeOfRun(
  { graph, layers, policy, label }: RunLayers,
  source: ContentSource,
  options: Cancellable = {},
): Promise<ReadableTree> {
  const merge: Parameters<typeof mergeInput>[0] = (given, _, merging) => mergeLayers(source, given, merging);
  const merged = await mergeInput(merge, graph, layers, policy, options);
  if (merged.kind === 'merged') return merged;
  throw workspaceConflict(merged, `the workspace of ${label}`);
}

/** What a reference to a run means, for who reads trees. @throws bad_input; as `layersOfRef` */
export async function findRunTree(world: RunWorld, ref: string): Promise<(query: Query) => Promise<Wanted>> {
  const parsed = parseRunRef(ref);
  const known = await getKnownRun(world, parsed.run);
  return async (query) => {
    const layers = await layersOfRef(query, known, parsed);
    return {
      label: layers.label,
      workspace: layers.label,
      snapshot: undefined,
      path: parsed.path,
      roots: layers.layers.map(({ layer }) => encodeRoot(layer.root)),
      open: (source) => treeOfRun(layers, source),
    };
  };
}
