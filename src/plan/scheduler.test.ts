import { expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import type { Condition } from './definition.ts';
import { newRunState } from './run-state.ts';
import type { RunEvent, RunState, TaskStatus } from './run-state.ts';
import { Scheduler } from './scheduler.ts';
import { linkTasks } from './task-node.ts';
import type { TaskNode } from './task-node.ts';

const HOST = [{ name: 'host', slots: 100 }];

function node(
  name: string,
  parents: Readonly<Record<number, readonly Condition[]>> = {},
  more: Partial<TaskNode> = {},
): TaskNode {
  const edges = Object.entries(parents).map(([task, conditions]) => ({ task: Number(task), conditions }));
  const plain = { ignoreFailure: false, approval: false, leftOut: false, executors: ['host'] };
  return { name, parents: edges, ...plain, ...more };
}

function play(nodes: readonly TaskNode[], events: readonly RunEvent[], executors = HOST): Scheduler {
  const scheduler = new Scheduler(nodes, newRunState(nodes.length), executors);
  for (const event of events) scheduler.advance(event);
  return scheduler;
}

const START: RunEvent = { kind: 'start' };
const CANCEL: RunEvent = { kind: 'cancel' };
const ended = (task: number, outcome: 'success' | 'failed' | 'stopped' = 'success'): RunEvent => ({
  kind: 'ended',
  task,
  outcome,
});
const statuses = (state: RunState) => state.tasks.map(({ status }) => status);

it.each<[Condition[], 'success' | 'failed' | 'stopped', TaskStatus]>([
  [['on_success'], 'success', 'running'],
  [['on_success'], 'failed', 'skipped'],
  [['on_success'], 'stopped', 'skipped'],
  [['on_failure'], 'success', 'skipped'],
  [['on_failure'], 'failed', 'running'],
  [['on_failure'], 'stopped', 'skipped'],
  [['on_success', 'on_failure'], 'failed', 'running'],
  [['on_success', 'on_failure', 'on_skipped'], 'stopped', 'skipped'],
  [['on_skipped'], 'success', 'skipped'],
])('[P50] a child with %j of a parent that ends as %s is %s', (conditions, outcome, status) => {
  const scheduler = play([node('a'), node('b', { 0: conditions })], [START, ended(0, outcome)]);
  expect(scheduler.task(1).status).toBe(status);
});

it('[P50] a task waits for its last parent, also when it is sure to be skipped', () => {
  const nodes = [node('a'), node('b'), node('c', { 0: ['on_success'], 1: ['on_success'] })];
  const scheduler = play(nodes, [START, ended(0, 'failed')]);
  expect(scheduler.task(2).status).toBe('notstarted');
  scheduler.advance(ended(1));
  expect(scheduler.task(2).status).toBe('skipped');
});

it('[P51] skipping goes down, until someone waits for it', () => {
  const nodes = [
    node('a'),
    node('b', { 0: ['on_success'] }),
    node('c', { 1: ['on_success'] }),
    node('d', { 2: ['on_skipped'] }),
  ];
  const { state } = play(nodes, [START, ended(0, 'failed')]);
  expect(statuses(state)).toEqual(['failed', 'skipped', 'skipped', 'running']);
});

it('[P51] what its `when` leaves out is skipped after its parents, and needs no executor', () => {
  const nodes = [
    node('a'),
    node('b', { 0: ['on_success'] }, { leftOut: true, executors: [] }),
    node('c', { 1: ['on_skipped'] }),
  ];
  const scheduler = play(nodes, [START]);
  expect(statuses(scheduler.state)).toEqual(['running', 'notstarted', 'notstarted']);
  scheduler.advance(ended(0));
  expect(statuses(scheduler.state)).toEqual(['success', 'skipped', 'running']);
});

it.each<[boolean, 'success' | 'failed' | 'stopped', string]>([
  [false, 'success', 'success'],
  [false, 'failed', 'failed'],
  [true, 'failed', 'success'],
  [true, 'stopped', 'stopped'],
])('[P52] ignore_failure %s, %s: the run is %s', (ignoreFailure, outcome, result) => {
  const nodes = [node('a', {}, { ignoreFailure }), node('b', { 0: ['on_success'] })];
  const { state } = play(nodes, [START, ended(0, outcome), ended(1)]);
  expect([state.phase, state.result]).toEqual(['finished', result]);
  // It protects nothing else.
  expect(state.tasks[1]!.status).toBe(outcome === 'success' ? 'success' : 'skipped');
});

it('[P52] a failure is known while other tasks go on', () => {
  const { state } = play([node('a'), node('b')], [START, ended(0, 'failed')]);
  expect([state.phase, state.result, state.tasks[1]!.status]).toEqual(['running', 'failed', 'running']);
});

it('[P53] approval comes after the parents, and is asked of roots as well', () => {
  const nodes = [
    node('a', {}, { approval: true }),
    node('b', { 0: ['on_success'] }, { approval: true }),
    node('c', { 0: ['on_failure'] }, { approval: true }),
  ];
  const scheduler = play(nodes, [{ kind: 'approve', task: 0 }, START, { kind: 'approve', task: 1 }]);
  const asked = () => scheduler.state.tasks.map(({ waitingApproval }) => waitingApproval);
  expect(asked()).toEqual([true, false, false]);
  expect(scheduler.advance({ kind: 'approve', task: 0 }).orders).toEqual([
    { kind: 'start', task: 0, executor: 'host' },
  ]);
  scheduler.advance(ended(0));
  // Nobody is asked for what is skipped.
  expect(asked()).toEqual([false, true, false]);
  expect(scheduler.state.tasks[2]!.status).toBe('skipped');
});

it('[P54] a run that never began is cancelled', () => {
  const { state } = play([node('a'), node('b', { 0: ['on_success'] })], [CANCEL, START]);
  expect([state.phase, state.result]).toEqual(['cancelled', 'unknown']);
  expect(statuses(state)).toEqual(['cancelled', 'cancelled']);
});

it('[P54] a run that runs stops what runs and cancels the rest, once', () => {
  const nodes = [node('a'), node('b', {}, { approval: true }), node('c', { 0: ['on_failure'] })];
  const scheduler = play(nodes, [START]);
  expect(scheduler.advance(CANCEL)).toEqual({ orders: [{ kind: 'stop', task: 0 }], changed: [1, 2] });
  expect(scheduler.advance(CANCEL)).toEqual({ orders: [], changed: [] });
  expect([scheduler.phase, scheduler.result, scheduler.stopping]).toEqual(['running', 'stopped', true]);
  scheduler.advance(ended(0, 'failed'));
  expect([scheduler.phase, scheduler.result]).toEqual(['finished', 'stopped']);
  expect(statuses(scheduler.state)).toEqual(['failed', 'cancelled', 'cancelled']);
});

it('[P54] a run that is taken over while it stops is told to stop again', () => {
  const nodes = [node('a'), node('b', { 0: ['on_success'] })];
  const { state } = play(nodes, [START, CANCEL]);
  const scheduler = new Scheduler(nodes, state, HOST);
  expect(scheduler.advance(START).orders).toEqual([{ kind: 'stop', task: 0 }]);
});

it('[P54] a failure before the cancellation stays the result', () => {
  const { state } = play([node('a'), node('b')], [START, ended(0, 'failed'), CANCEL, ended(1, 'stopped')]);
  expect([state.phase, state.result]).toEqual(['finished', 'failed']);
});

it('[P55] tasks start by level and name, each on the first of its executors with a free slot', () => {
  const both = { executors: ['fast', 'slow'] };
  const nodes = [
    node('z', {}, both),
    node('y', {}, { executors: ['slow', 'fast'] }),
    node('x', {}, both),
    node('a', { 2: ['on_success'] }, both),
    node('w', {}, { executors: ['fast'] }),
  ];
  const executors = [
    { name: 'slow', slots: 1 },
    { name: 'fast', slots: 2 },
  ];
  const scheduler = new Scheduler(nodes, newRunState(nodes.length), executors);
  expect(scheduler.advance(START).orders).toEqual([
    { kind: 'start', task: 4, executor: 'fast' },
    { kind: 'start', task: 2, executor: 'fast' },
    { kind: 'start', task: 1, executor: 'slow' },
  ]);
  // `a` is ready as well, and one level lower.
  expect(scheduler.advance(ended(2)).orders).toEqual([{ kind: 'start', task: 0, executor: 'fast' }]);
});

it('[P55] a task that nobody can run is refused before the run begins', () => {
  const gone = thrownBy(() => play([node('a', {}, { executors: ['gone', 'none'] })], []));
  expect(gone).toMatchObject({ code: 'bad_input', details: { task: 'a', executors: ['gone', 'none'] } });
  const zero = thrownBy(() => play([node('a')], [], [{ name: 'host', slots: 0 }]));
  expect(zero.code).toBe('bad_input');
});

it('[P56] a run is taken over where it was: what runs keeps its slot until it is said to have ended', () => {
  const nodes = [node('a'), node('b'), node('c', { 0: ['on_failure'] })];
  const slots = [{ name: 'host', slots: 1 }];
  const { state } = play(nodes, [START], slots);
  const scheduler = new Scheduler(nodes, state, slots);
  expect(scheduler.advance(START).orders).toEqual([]);
  expect(scheduler.advance(ended(0, 'failed')).orders).toEqual([
    { kind: 'start', task: 1, executor: 'host' },
  ]);
  expect(scheduler.advance(ended(1)).orders).toEqual([{ kind: 'start', task: 2, executor: 'host' }]);
});

it('[P56] a run that could not be set up takes no event', () => {
  const nodes = [node('a')];
  const state: RunState = { ...newRunState(1), phase: 'setuperror' };
  for (const event of [START, CANCEL, ended(0)]) {
    const scheduler = new Scheduler(nodes, state, []);
    expect(scheduler.advance(event)).toEqual({ orders: [], changed: [] });
    expect(scheduler.state).toEqual(state);
  }
});

it('[P56] a run without tasks succeeds at once', () => {
  expect(play([], [START]).state).toMatchObject({ phase: 'finished', result: 'success' });
});

it('[P57] what it restarts is taken over where nothing above has changed, without asking anybody', () => {
  const nodes = [
    node('a'),
    node('b', { 0: ['on_success'] }, { approval: true }),
    node('c', { 1: ['on_success'] }),
    node('d', { 0: ['on_failure'] }),
    node('e', { 3: ['on_skipped'] }),
  ];
  const before = newRunState(5);
  const earlier = [undefined, 'success', 'success', 'skipped', 'success'] as const;
  const start = { ...before, tasks: before.tasks.map((task, n) => ({ ...task, earlier: earlier[n] })) };
  const restarted = (unchanged: boolean) => {
    const scheduler = new Scheduler(nodes, start, HOST);
    scheduler.advance(START);
    const { orders } = scheduler.advance({ kind: 'ended', task: 0, outcome: 'success', unchanged });
    return { orders: orders.map(({ kind, task }) => `${kind} ${task}`), state: scheduler.state };
  };
  const same = restarted(true);
  expect(same.orders.sort()).toEqual(['reuse 1', 'reuse 2', 'reuse 4']);
  expect([same.state.phase, same.state.result]).toEqual(['finished', 'success']);
  const other = restarted(false);
  expect(other.orders).toEqual(['start 4']);
  expect(other.state.tasks[1]!.waitingApproval).toBe(true);
});

it('[P57] a task that makes the same of another input does not hide that input from those below', () => {
  const nodes = [node('a'), node('b', { 0: ['on_success'] }), node('c', { 1: ['on_success'] })];
  const state = newRunState(3);
  const tasks = state.tasks.map((task, n) => (n === 2 ? { ...task, earlier: 'success' as const } : task));
  const scheduler = new Scheduler(nodes, { ...state, tasks }, HOST);
  scheduler.advance(START);
  scheduler.advance(ended(0));
  const { orders } = scheduler.advance({ kind: 'ended', task: 1, outcome: 'success', unchanged: true });
  expect(orders).toEqual([{ kind: 'start', task: 2, executor: 'host' }]);
});

it('[P58] 10,000 tasks with 100 parents each are no work, nor is a chain of them', () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `t${n}`);
  const wide = names.map((name, n): TaskNode => {
    const level = Math.floor(n / 100);
    const parents = level === 0 ? [] : Array.from({ length: 100 }, (_, k) => (level - 1) * 100 + k);
    const edges = parents.map((task) => ({ task, conditions: ['on_success'] as const }));
    return { ...node(name), parents: edges };
  });
  const began = performance.now();
  const scheduler = new Scheduler(wide, newRunState(wide.length), [{ name: 'host', slots: 7 }]);
  const running = scheduler.advance(START).orders.map(({ task }) => task);
  let events = 0;
  // Grows while it is read.
  for (const task of running) {
    events++;
    running.push(...scheduler.advance(ended(task)).orders.map((order) => order.task));
  }
  const took = performance.now() - began;
  expect([events, scheduler.phase, scheduler.result]).toEqual([10_000, 'finished', 'success']);
  // A hundredth of it is usual; a look at all tasks for each event would be 30 times as much.
  expect(took).toBeLessThan(5000);

  const chain = names.map((name, n) => node(name, n === 0 ? {} : { [n - 1]: ['on_success'] }));
  const skipped = play(chain, [START, ended(0, 'failed')]);
  expect([skipped.phase, skipped.task(9999).status]).toEqual(['finished', 'skipped']);
});

it.each([
  ['a circle', [node('a', { 1: ['on_success'] }), node('b', { 0: ['on_success'] })]],
  ['itself', [node('a', { 0: ['on_success'] })]],
  ['nobody', [node('a', { 7: ['on_success'] })]],
])('[P58] nodes that wait for %s are no graph', (_, nodes) => {
  expect(thrownBy(() => linkTasks(nodes)).code).toBe('internal');
});
