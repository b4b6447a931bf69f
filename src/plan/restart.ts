/** What runs again when a run is restarted, and why: known, with all that stands in its way, before anything starts. */

import { isRunOver } from './run-state.ts';
import type { RunPhase, RunState, TaskState, TaskStatus } from './run-state.ts';
import { linkTasks } from './task-node.ts';
import type { TaskNode } from './task-node.ts';
import { matchesEdge } from './task-status.ts';

export type RestartMode =
  /** What did not succeed, and everything below. */
  | { readonly kind: 'from-failed' }
  | { readonly kind: 'from-start' }
  /** These, and everything below. */
  | { readonly kind: 'tasks'; readonly tasks: readonly number[] };

export interface RestartOptions {
  /** Tasks of which a layer is gone or corrupt. */
  readonly layersGone?: ReadonlySet<number>;
  /** Tasks that run again besides, such as those that an earlier plan offered. */
  readonly also?: readonly number[];
}

export interface RestartPlan {
  /** In the order of the run's tasks. */
  readonly decisions: readonly RestartDecision[];
  /** By the order in which tasks start. */
  readonly problems: readonly RestartProblem[];
}

export type RestartDecision =
  | {
      readonly task: number;
      readonly action: 'rerun';
      readonly reason: RerunReason;
      /** What it may be taken over as after all if nothing above it changes; undefined: it has to run. */
      readonly earlier: 'success' | 'skipped' | undefined;
    }
  | { readonly task: number; readonly action: 'reuse'; readonly reason: ReuseReason };

export type RerunReason =
  | { readonly kind: 'from-start' | 'chosen' | 'layer-gone' }
  /** It did not succeed. */
  | { readonly kind: 'failed' | 'stopped' | 'cancelled' | 'skipped' | 'never-ran' }
  /** The first of its parents that runs again. */
  | { readonly kind: 'descendant'; readonly of: number };

export type ReuseReason =
  | { readonly kind: 'succeeded' }
  /** Its `when` keeps it out as before. */
  | { readonly kind: 'left-out' }
  /** It did not succeed, and nobody chose it. */
  | { readonly kind: 'not-chosen'; readonly status: TaskStatus };

export type RestartProblem =
  | { readonly kind: 'not-over'; readonly phase: RunPhase }
  | { readonly kind: 'nothing-to-rerun' }
  /** A layer of a reused task is gone; `also: [task]` has it run again. `needed`: something below it runs. */
  | { readonly kind: 'layer-gone'; readonly task: number; readonly needed: boolean }
  /** A chosen task would be skipped, since a reused parent ended otherwise; `also: [parent]` has it run again. */
  | {
      readonly kind: 'parent-in-the-way';
      readonly task: number;
      readonly parent: number;
      readonly status: TaskStatus;
    }
  /** A chosen task would be skipped by its `when`. */
  | { readonly kind: 'left-out'; readonly task: number };

const OWN_REASONS: Readonly<Record<TaskStatus, Exclude<RerunReason['kind'], 'descendant'> | undefined>> = {
  notstarted: 'never-ran',
  // Nobody said how it ended.
  running: 'stopped',
  skipped: 'skipped',
  cancelled: 'cancelled',
  stopped: 'stopped',
  failed: 'failed',
  success: undefined,
};

/** In the time of the edges. @throws internal if the nodes are no graph */
export function planRestart(
  nodes: readonly TaskNode[],
  old: RunState,
  mode: RestartMode,
  { layersGone = new Set(), also = [] }: RestartOptions = {},
): RestartPlan {
  const { order } = linkTasks(nodes);
  const chosen = new Set([...(mode.kind === 'tasks' ? mode.tasks : []), ...also]);
  const decisions: RestartDecision[] = [];
  const reruns = (task: number) => decisions[task]?.action === 'rerun';

  for (const task of order) {
    const { status } = old.tasks[task]!;
    const parent = nodes[task]!.parents.find((each) => reruns(each.task));
    const kind = ownReason(task);
    const reason: RerunReason | undefined =
      kind !== undefined
        ? { kind }
        : parent === undefined
          ? undefined
          : { kind: 'descendant', of: parent.task };
    if (reason === undefined)
      decisions[task] = { task, action: 'reuse', reason: reuseReason(status, nodes[task]!) };
    else decisions[task] = { task, action: 'rerun', reason, earlier: earlierOf(task, reason) };
  }
  return { decisions, problems: [...problems()] };

  function ownReason(task: number): Exclude<RerunReason['kind'], 'descendant'> | undefined {
    const { status } = old.tasks[task]!;
    if (mode.kind === 'from-start') return mode.kind;
    if (chosen.has(task)) return layersGone.has(task) ? 'layer-gone' : 'chosen';
    // Reused it would start with the others.
    if (status === 'notstarted') return 'never-ran';
    // What a `when` keeps out is no reason to run what is below it once more.
    const leftOut = status === 'skipped' && nodes[task]!.leftOut;
    return mode.kind === 'from-failed' && !leftOut ? OWN_REASONS[status] : undefined;
  }

  function earlierOf(task: number, { kind }: RerunReason): 'success' | 'skipped' | undefined {
    const { status } = old.tasks[task]!;
    const mayBe = (kind === 'descendant' || kind === 'skipped') && !layersGone.has(task);
    return mayBe && (status === 'success' || status === 'skipped') ? status : undefined;
  }

  function* problems(): Generator<RestartProblem> {
    if (!isRunOver(old.phase)) yield { kind: 'not-over', phase: old.phase };
    if (!decisions.some(({ action }) => action === 'rerun')) yield { kind: 'nothing-to-rerun' };
    const needed = neededBelow(nodes, order, reruns);
    for (const task of order) {
      const { action, reason } = decisions[task]!;
      if (action === 'reuse' && layersGone.has(task)) {
        yield { kind: 'layer-gone', task, needed: needed[task] === 1 };
      }
      if (reason.kind !== 'chosen') continue;
      if (nodes[task]!.leftOut) yield { kind: 'left-out', task };
      for (const edge of nodes[task]!.parents) {
        const { status } = old.tasks[edge.task]!;
        if (reruns(edge.task) || matchesEdge(status, edge.conditions)) continue;
        yield { kind: 'parent-in-the-way', task, parent: edge.task, status };
      }
    }
  }
}

function reuseReason(status: TaskStatus, { leftOut }: TaskNode): ReuseReason {
  if (status === 'success') return { kind: 'succeeded' };
  return status === 'skipped' && leftOut ? { kind: 'left-out' } : { kind: 'not-chosen', status };
}

/** Of each task 1 if a task below it runs again, and so may read its layers. */
function neededBelow(
  nodes: readonly TaskNode[],
  order: Int32Array,
  reruns: (task: number) => boolean,
): Uint8Array {
  const needed = new Uint8Array(nodes.length);
  for (const task of order.toReversed()) {
    if (needed[task] === 0 && !reruns(task)) continue;
    for (const parent of nodes[task]!.parents) needed[parent.task] = 1;
  }
  return needed;
}

/**
 * The state in which the new run begins. Of a plan that has the problem `not-over` there is none: what still runs would run twice.
 *
 * @param earlyCutoff what is below a task that made the same again is taken over
 */
export function restartState(
  { decisions }: RestartPlan,
  old: RunState,
  { earlyCutoff = false }: { readonly earlyCutoff?: boolean } = {},
): RunState {
  const tasks = decisions.map((decision, task): TaskState => {
    if (decision.action === 'reuse') {
      return { ...old.tasks[task]!, waitingApproval: false, earlier: undefined, unchanged: true };
    }
    return {
      status: 'notstarted',
      waitingApproval: false,
      approved: false,
      executor: undefined,
      earlier: earlyCutoff ? decision.earlier : undefined,
      unchanged: false,
    };
  });
  return { phase: 'queued', result: 'unknown', stopping: false, tasks };
}
