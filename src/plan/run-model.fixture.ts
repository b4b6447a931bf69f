/**
 * Runs of random shape, and the plainest scheduler that could be: after each event it looks at all tasks, again and again, until nothing
 * moves. The real one is held against it.
 */

import fc from 'fast-check';

import { CONDITIONS } from './definition.ts';
import type { ExecutorSlots } from './ready-tasks.ts';
import { newRunState } from './run-state.ts';
import type { RunEvent, RunOrder, RunState, TaskState } from './run-state.ts';
import type { TaskNode } from './task-node.ts';

/** More for a long run: `STRATA_RUNS=20000 vitest run src/plan`. */
export const RUNS = Number(process.env['STRATA_RUNS'] ?? 2000);

export const EXECUTORS: readonly ExecutorSlots[] = [
  { name: 'host', slots: 2 },
  { name: 'arm', slots: 1 },
  { name: 'big', slots: 3 },
];

export interface Shape {
  readonly nodes: readonly TaskNode[];
  /** Of each task: how it ended in a run before this one. */
  readonly earlier: readonly TaskState['earlier'][];
}

const edge = fc.record({
  pick: fc.nat(),
  // What a file says mostly, and everything that it could.
  conditions: fc.oneof(
    { weight: 3, arbitrary: fc.constant(['on_success'] as const) },
    { weight: 2, arbitrary: fc.subarray([...CONDITIONS], { minLength: 1 }) },
  ),
});

const sometimes = fc.nat({ max: 5 }).map((n) => n === 5);

export const shapes: fc.Arbitrary<Shape> = fc
  .array(
    fc.record({
      edges: fc.array(edge, { maxLength: 3 }),
      ignoreFailure: sometimes,
      approval: sometimes,
      leftOut: sometimes,
      executors: fc.shuffledSubarray(
        EXECUTORS.map(({ name }) => name),
        { minLength: 1 },
      ),
      earlier: fc.constantFrom('success', 'success', 'skipped', undefined),
    }),
    { maxLength: 12 },
  )
  .map((tasks) => {
    // Names run against the numbers, and parents have any number.
    const numbers = tasks.map((_, n) => (n * 7 + 3) % tasks.length);
    const usable = new Set(numbers).size === tasks.length ? numbers : tasks.map((_, n) => n);
    const nodes: TaskNode[] = [];
    const earlier: TaskState['earlier'][] = [];
    tasks.forEach(({ edges, earlier: before, ...flags }, n) => {
      const parents = new Map(edges.flatMap((each) => (n === 0 ? [] : [[each.pick % n, each.conditions]])));
      nodes[usable[n]!] = {
        ...flags,
        name: `t${99 - n}`,
        parents: [...parents].map(([parent, conditions]) => ({ task: usable[parent]!, conditions })),
      };
      earlier[usable[n]!] = before;
    });
    return { nodes, earlier };
  });

export function startOf({ nodes, earlier }: Shape, restarted: boolean): RunState {
  const state = newRunState(nodes.length);
  const tasks = state.tasks.map((task, n) => (restarted ? { ...task, earlier: earlier[n] } : task));
  return { ...state, tasks };
}

const isOver = ({ status }: TaskState) => status !== 'notstarted' && status !== 'running';

export function levelOf(nodes: readonly TaskNode[], task: number): number {
  return Math.max(-1, ...nodes[task]!.parents.map((parent) => levelOf(nodes, parent.task))) + 1;
}

/** By level and name. */
export function inOrder(nodes: readonly TaskNode[]): number[] {
  const levels = nodes.map((_, n) => levelOf(nodes, n));
  return [...nodes.keys()].sort(
    (a, b) => levels[a]! - levels[b]! || nodes[a]!.name.localeCompare(nodes[b]!.name),
  );
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function naiveAdvance(
  nodes: readonly TaskNode[],
  before: RunState,
  event: RunEvent,
): { state: RunState; orders: RunOrder[] } {
  const tasks: Writable<TaskState>[] = before.tasks.map((task) => ({ ...task }));
  const run: Writable<RunState> = { ...before, tasks };
  const order = inOrder(nodes);
  const orders: RunOrder[] = [];
  const same = (n: number) => nodes[n]!.parents.every((parent) => tasks[parent.task]!.unchanged);

  if (event.kind === 'start' && run.phase === 'queued') run.phase = 'running';
  else if (event.kind === 'start' && run.phase === 'running' && run.stopping) {
    for (const n of order) if (tasks[n]!.status === 'running') orders.push({ kind: 'stop', task: n });
  } else if (
    event.kind === 'cancel' &&
    (run.phase === 'queued' || run.phase === 'running') &&
    !run.stopping
  ) {
    if (run.phase === 'queued') run.phase = 'cancelled';
    else if (run.result === 'unknown') run.result = 'stopped';
    run.stopping = true;
    for (const n of order) {
      const task = tasks[n]!;
      if (task.status === 'running') orders.push({ kind: 'stop', task: n });
      if (task.status === 'notstarted') Object.assign(task, { status: 'cancelled', waitingApproval: false });
    }
  } else if (run.phase === 'running' && event.kind === 'ended' && tasks[event.task]?.status === 'running') {
    const unchanged = event.unchanged === true && event.outcome === 'success' && same(event.task);
    Object.assign(tasks[event.task]!, { status: event.outcome, unchanged });
  } else if (run.phase === 'running' && event.kind === 'approve' && tasks[event.task]?.waitingApproval) {
    Object.assign(tasks[event.task]!, { waitingApproval: false, approved: true });
  }
  if (run.phase !== 'running') return { state: run, orders };

  const matches = (n: number) =>
    nodes[n]!.parents.every(({ task, conditions }) => {
      const { status } = tasks[task]!;
      return (
        (status === 'success' && conditions.includes('on_success')) ||
        (status === 'failed' && conditions.includes('on_failure')) ||
        (status === 'skipped' && conditions.includes('on_skipped'))
      );
    });
  const free = (name: string) =>
    EXECUTORS.find((each) => each.name === name)!.slots -
    tasks.filter(({ status, executor }) => status === 'running' && executor === name).length;

  for (let moved = true; moved;) {
    moved = false;
    for (const n of order) {
      const task = tasks[n]!;
      const mayGo = task.status === 'notstarted' && !task.waitingApproval;
      if (!mayGo || !nodes[n]!.parents.every((parent) => isOver(tasks[parent.task]!))) continue;
      if (nodes[n]!.leftOut || !matches(n)) {
        Object.assign(task, { status: 'skipped', unchanged: same(n) && task.earlier === 'skipped' });
      } else if (same(n) && task.earlier === 'success') {
        Object.assign(task, { status: 'success', unchanged: true });
        orders.push({ kind: 'reuse', task: n });
      } else if (nodes[n]!.approval && !task.approved) task.waitingApproval = true;
      else continue;
      moved = true;
    }
  }
  for (const n of order) {
    const task = tasks[n]!;
    const ready = task.status === 'notstarted' && !task.waitingApproval;
    if (!ready || !nodes[n]!.parents.every((parent) => isOver(tasks[parent.task]!))) continue;
    const executor = nodes[n]!.executors.find((name) => free(name) > 0);
    if (executor === undefined) continue;
    Object.assign(task, { status: 'running', executor });
    orders.push({ kind: 'start', task: n, executor });
  }
  const fatal = tasks.some(({ status }, n) => status === 'failed' && !nodes[n]!.ignoreFailure);
  if (run.result === 'unknown' && fatal) run.result = 'failed';
  if (tasks.every(isOver)) {
    run.phase = 'finished';
    const stopped = tasks.some(({ status }) => status === 'stopped');
    if (run.result === 'unknown') run.result = stopped ? 'stopped' : 'success';
  }
  return { state: run, orders };
}
