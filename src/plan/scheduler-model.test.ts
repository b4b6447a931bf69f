import fc from 'fast-check';
import { expect, it } from 'vitest';

import { EXECUTORS, RUNS, naiveAdvance, shapes, startOf } from './run-model.fixture.ts';
import type { RunEvent, RunOrder, RunState } from './run-state.ts';
import { Scheduler, advance } from './scheduler.ts';
import type { TaskNode } from './task-node.ts';
import { hasEnded } from './task-status.ts';

/** What happens next: mostly something that fits, sometimes anything. */
const picks = fc.array(
  fc.record({ dice: fc.nat({ max: 99 }), pick: fc.nat(), unchanged: fc.boolean(), crash: fc.boolean() }),
  { minLength: 60, maxLength: 60 },
);
type Pick = typeof picks extends fc.Arbitrary<readonly (infer T)[]> ? T : never;

/** @param state of a run that is not over @param cancels whether it may be cancelled */
function nextEvent(state: RunState, { dice, pick, unchanged }: Pick, cancels: boolean): RunEvent {
  const numbers = state.tasks.map((_, n) => n);
  const any = numbers.length === 0 ? pick : pick % (numbers.length + 1);
  const outcome = dice % 5 === 0 ? 'failed' : dice % 11 === 0 ? 'stopped' : 'success';
  if (state.phase === 'queued' && dice < 90) return { kind: 'start' };
  if (cancels && dice > 95) return { kind: 'cancel' };
  if (dice > 90) {
    // What came twice, too early or from nowhere.
    const ended = { kind: 'ended', task: any, outcome } as const;
    const fits = state.tasks[any]?.status === 'running';
    return pick % 2 === 0 ? { kind: 'start' } : fits ? { kind: 'approve', task: any } : ended;
  }
  const open = numbers.filter((n) => state.tasks[n]!.status === 'running' || state.tasks[n]!.waitingApproval);
  const task = open[pick % open.length];
  if (task === undefined) return { kind: 'start' };
  return state.tasks[task]!.waitingApproval
    ? { kind: 'approve', task }
    : { kind: 'ended', task, outcome, unchanged };
}

const isOver = ({ phase }: RunState) => phase === 'finished' || phase === 'cancelled';

interface Lived {
  readonly orders: RunOrder[];
  readonly state: RunState;
  readonly events: number;
}

/** Brings a run to its end, and holds each step against the model and against a scheduler that knows the state alone. */
function live(nodes: readonly TaskNode[], start: RunState, all: readonly Pick[], cancels: boolean): Lived {
  let scheduler = new Scheduler(nodes, start, EXECUTORS);
  let model = start;
  const orders: RunOrder[] = [];
  let events = 0;
  while (!isOver(scheduler.state)) {
    expect(events).toBeLessThan(500);
    const pick = all[events % all.length]!;
    // Past the end of the picks only what goes on, so that it ends.
    const dice = events < all.length ? pick.dice : pick.dice % 80;
    const before = scheduler.state;
    const event = nextEvent(before, { ...pick, dice }, cancels);
    const step = scheduler.advance(event);
    const naive = naiveAdvance(nodes, model, event);
    expect(step.orders).toEqual(sorted(naive.orders, step.orders));
    expect(scheduler.state).toEqual(naive.state);
    expect(advance(nodes, before, event, EXECUTORS)).toEqual({ state: scheduler.state, orders: step.orders });
    const differ = before.tasks.flatMap((task, n) => (task === scheduler.task(n) ? [] : [n]));
    expect([...step.changed].sort((a, b) => a - b)).toEqual(differ);
    conserve(nodes, before, scheduler.state, step.orders);
    orders.push(...step.orders);
    model = naive.state;
    events++;
    // Another process goes on with what was kept.
    if (pick.crash) scheduler = new Scheduler(nodes, JSON.parse(JSON.stringify(scheduler.state)), EXECUTORS);
  }
  expect(scheduler.advance({ kind: 'start' })).toEqual({ orders: [], changed: [] });
  expect(scheduler.advance({ kind: 'cancel' })).toEqual({ orders: [], changed: [] });
  return { orders, state: scheduler.state, events };
}

/** Reuse comes in the order in which it is found out, which is no promise; the rest is in order. */
function sorted(naive: readonly RunOrder[], real: readonly RunOrder[]): RunOrder[] {
  const reused = naive.filter(({ kind }) => kind === 'reuse');
  const found = real.filter(({ kind }) => kind === 'reuse');
  expect(found.map(({ task }) => task).sort()).toEqual(reused.map(({ task }) => task).sort());
  return [...found, ...naive.filter(({ kind }) => kind !== 'reuse')];
}

/** What holds whatever the rules are. */
function conserve(
  nodes: readonly TaskNode[],
  before: RunState,
  after: RunState,
  orders: readonly RunOrder[],
): void {
  for (const { name, slots } of EXECUTORS) {
    const running = after.tasks.filter(({ status, executor }) => status === 'running' && executor === name);
    expect(running.length).toBeLessThanOrEqual(slots);
  }
  after.tasks.forEach((task, n) => {
    const was = before.tasks[n]!;
    if (hasEnded(was.status)) expect(task).toBe(was);
    const parentsOver = nodes[n]!.parents.every((parent) => hasEnded(after.tasks[parent.task]!.status));
    if (was.status !== task.status && task.status !== 'cancelled') expect(parentsOver).toBe(true);
    const started = orders.filter((order) => order.kind === 'start' && order.task === n).length;
    expect(started).toBe(was.status === 'notstarted' && task.status === 'running' ? 1 : 0);
    if (started === 1) expect([after.stopping, nodes[n]!.leftOut]).toEqual([false, false]);
    if (started === 1 && nodes[n]!.approval) expect(was.approved || task.approved).toBe(true);
    if (task.status === 'running') expect(nodes[n]!.executors).toContain(task.executor);
  });
  // Nobody idles while there is something to do.
  const waiting = after.tasks.flatMap(({ status, waitingApproval }, n) =>
    status === 'notstarted' && !waitingApproval && after.phase === 'running' ? [n] : [],
  );
  for (const n of waiting) {
    if (!nodes[n]!.parents.every((parent) => hasEnded(after.tasks[parent.task]!.status))) continue;
    for (const name of nodes[n]!.executors) {
      const { slots } = EXECUTORS.find((each) => each.name === name)!;
      const taken = after.tasks.filter(
        ({ status, executor }) => status === 'running' && executor === name,
      ).length;
      expect(taken).toBe(slots);
    }
  }
}

it(
  '[P50] [P51] [P52] [P53] [P54] [P55] [P56] random runs go as the plainest scheduler has them, and end',
  { timeout: 600_000 },
  () => {
    let started = 0;
    let reused = 0;
    fc.assert(
      fc.property(shapes, picks, fc.boolean(), fc.boolean(), (shape, all, restarted, cancels) => {
        const start = startOf(shape, restarted);
        const { orders, state } = live(shape.nodes, start, all, cancels);
        started += orders.filter(({ kind }) => kind === 'start').length;
        reused += orders.filter(({ kind }) => kind === 'reuse').length;
        expect(state.tasks.every(({ status }) => hasEnded(status))).toBe(true);
        if (!cancels) expect(state.phase).toBe('finished');
      }),
      { numRuns: RUNS },
    );
    // A test in which nothing happens must not pass.
    expect(started).toBeGreaterThan(RUNS);
    expect(reused).toBeGreaterThan(RUNS / 4);
  },
);
