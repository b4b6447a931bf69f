import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { planRestart, restartState } from './restart.ts';
import type { RestartMode, RestartOptions } from './restart.ts';
import { EXECUTORS, RUNS, inOrder, shapes } from './run-model.fixture.ts';
import { newRunState } from './run-state.ts';
import type { RunPhase, RunState, TaskState, TaskStatus } from './run-state.ts';
import { Scheduler } from './scheduler.ts';
import type { TaskNode } from './task-node.ts';
import { hasEnded } from './task-status.ts';

const FAILED: RestartMode = { kind: 'from-failed' };

/** a -> b -> c, a -> d(on_failure), e alone, f alone and left out, f -> g(on_skipped) */
const NODES: readonly TaskNode[] = [
  node('a'),
  node('b', 0),
  node('c', 1),
  { ...node('d', 0), parents: [{ task: 0, conditions: ['on_failure'] }] },
  node('e'),
  { ...node('f'), leftOut: true },
  { ...node('g'), parents: [{ task: 5, conditions: ['on_skipped'] }] },
];

function node(name: string, ...parents: number[]): TaskNode {
  const edges = parents.map((task) => ({ task, conditions: ['on_success'] as const }));
  return { name, parents: edges, ignoreFailure: false, approval: false, leftOut: false, executors: ['host'] };
}

function over(statuses: readonly TaskStatus[], phase: RunPhase = 'finished'): RunState {
  const plain = newRunState(1).tasks[0]!;
  const tasks = statuses.map((status): TaskState => ({ ...plain, status, executor: 'host', approved: true }));
  return { phase, result: 'failed', stopping: false, tasks };
}

/** As in `a rerun chosen`. */
function told(old: RunState, mode: RestartMode, options?: RestartOptions): string[] {
  return planRestart(NODES, old, mode, options).decisions.map(({ task, action, reason }) => {
    const of = reason.kind === 'descendant' ? ` of ${NODES[reason.of]!.name}` : '';
    return `${NODES[task]!.name} ${action} ${reason.kind}${of}`;
  });
}

const OLD = over(['success', 'failed', 'skipped', 'skipped', 'success', 'skipped', 'success']);
const FINE = over(['success', 'success', 'success', 'skipped', 'success', 'skipped', 'success']);

describe('[P60] what runs again', () => {
  it('from failed: what did not succeed and what is below', () => {
    expect(told(OLD, FAILED)).toEqual([
      'a reuse succeeded',
      'b rerun failed',
      'c rerun skipped',
      'd rerun skipped',
      'e reuse succeeded',
      'f reuse left-out',
      'g reuse succeeded',
    ]);
  });

  it('from the start: everything', () => {
    expect(new Set(told(OLD, { kind: 'from-start' }).map((line) => line.slice(2)))).toEqual(
      new Set(['rerun from-start']),
    );
  });

  it('chosen tasks: they and what is below', () => {
    expect(told(FINE, { kind: 'tasks', tasks: [1] })).toEqual([
      'a reuse succeeded',
      'b rerun chosen',
      'c rerun descendant of b',
      'd reuse not-chosen',
      'e reuse succeeded',
      'f reuse left-out',
      'g reuse succeeded',
    ]);
  });

  it.each<[TaskStatus, string]>([
    ['cancelled', 'cancelled'],
    ['stopped', 'stopped'],
    ['notstarted', 'never-ran'],
  ])('what was %s', (status, reason) => {
    const tasks = FINE.tasks.map((task, n) => (n === 4 ? { ...task, status } : task));
    expect(told({ ...FINE, tasks }, FAILED)[4]).toBe(`e rerun ${reason}`);
  });

  it('a run that could not be set up never ran', () => {
    const old = { ...newRunState(7), phase: 'setuperror' } as const;
    expect(new Set(told(old, { kind: 'tasks', tasks: [] }).map((line) => line.slice(2)))).toEqual(
      new Set(['rerun never-ran']),
    );
  });
});

describe('[P61] what stands in the way', () => {
  it('a layer that is gone, and what comes of running its task again', () => {
    const layersGone = new Set([0, 1, 4]);
    const plan = planRestart(NODES, OLD, FAILED, { layersGone });
    expect(plan.problems).toEqual([
      { kind: 'layer-gone', task: 0, needed: true },
      { kind: 'layer-gone', task: 4, needed: false },
    ]);
    expect(told(OLD, FAILED, { layersGone, also: [0] }).slice(0, 4)).toEqual([
      'a rerun layer-gone',
      'b rerun failed',
      'c rerun skipped',
      'd rerun skipped',
    ]);
    expect(planRestart(NODES, OLD, FAILED, { layersGone, also: [0, 4] }).problems).toEqual([]);
  });

  it.each<[string, RunState, RestartMode, object[]]>([
    ['nothing to do', FINE, { kind: 'tasks', tasks: [] }, [{ kind: 'nothing-to-rerun' }]],
    [
      'it still runs',
      { ...OLD, phase: 'running' },
      { kind: 'from-start' },
      [{ kind: 'not-over', phase: 'running' }],
    ],
    [
      'a parent that ended otherwise',
      OLD,
      { kind: 'tasks', tasks: [2] },
      [{ kind: 'parent-in-the-way', task: 2, parent: 1, status: 'failed' }],
    ],
    ['a parent that runs again too', OLD, { kind: 'tasks', tasks: [2, 1] }, []],
    ['its when', OLD, { kind: 'tasks', tasks: [5] }, [{ kind: 'left-out', task: 5 }]],
  ])('%s', (_, old, mode, problems) => {
    expect(planRestart(NODES, old, mode).problems).toEqual(problems);
  });

  it('nothing, where all is well', () => {
    const well = FINE.tasks.map((task, n) => (n === 3 ? { ...task, status: 'success' as const } : task));
    const { problems } = planRestart(NODES, { ...FINE, tasks: well }, FAILED);
    expect(problems).toEqual([{ kind: 'nothing-to-rerun' }]);
  });
});

it('[P62] the new run begins with what is reused, and knows nothing of the rest', () => {
  const state = restartState(planRestart(NODES, OLD, FAILED), OLD);
  expect(state).toMatchObject({ phase: 'queued', result: 'unknown', stopping: false });
  expect(state.tasks[0]).toEqual({ ...OLD.tasks[0], unchanged: true });
  expect(state.tasks[1]).toEqual(newRunState(1).tasks[0]);
});

it('[P62] only with early cut-off something may be taken over after all, and never what was chosen or has no layers', () => {
  const earlier = (mode: RestartMode, options?: RestartOptions, earlyCutoff = true) =>
    restartState(planRestart(NODES, FINE, mode, options), FINE, { earlyCutoff }).tasks.map(
      (task) => task.earlier,
    );
  const none = undefined;
  expect(earlier({ kind: 'tasks', tasks: [0] })).toEqual([
    none,
    'success',
    'success',
    'skipped',
    none,
    none,
    none,
  ]);
  expect(earlier({ kind: 'tasks', tasks: [0, 2] })[2]).toBe(none);
  expect(earlier({ kind: 'tasks', tasks: [0] }, { layersGone: new Set([1]) })[1]).toBe(none);
  expect(earlier({ kind: 'tasks', tasks: [0] }, {}, false)[1]).toBe(none);
});

/** Runs it to its end; `fate` says how the nth task that runs ends. */
function finish(nodes: readonly TaskNode[], start: RunState, fate: (n: number) => number) {
  const scheduler = new Scheduler(nodes, start, EXECUTORS);
  const same = new Set<number>();
  const ran = new Set<number>();
  let orders = scheduler.advance({ kind: 'start' }).orders;
  for (let n = 0; n < 200 && scheduler.phase === 'running'; n++) {
    for (const order of orders) {
      if (order.kind === 'start') ran.add(order.task);
      if (order.kind === 'reuse') same.add(order.task);
    }
    const dice = fate(n);
    const task = scheduler.state.tasks.findIndex((each) => each.waitingApproval || each.status === 'running');
    const outcome = dice % 13 === 0 ? 'failed' : 'success';
    if (dice % 61 === 60) orders = scheduler.advance({ kind: 'cancel' }).orders;
    else if (scheduler.task(task).waitingApproval)
      orders = scheduler.advance({ kind: 'approve', task }).orders;
    else {
      const unchanged = dice % 4 !== 0;
      if (unchanged && outcome === 'success') same.add(task);
      orders = scheduler.advance({ kind: 'ended', task, outcome, unchanged }).orders;
    }
  }
  for (const order of orders) if (order.kind === 'reuse') same.add(order.task);
  return { state: scheduler.state, ran, same };
}

it(
  '[P57] [P60] [P61] [P62] random runs restart as a plain look at their ancestors says',
  { timeout: 600_000 },
  () => {
    let cutOff = 0;
    const modes = fc.constantFrom('from-failed', 'from-start', 'tasks', 'tasks' as const);
    const dice = fc.array(fc.nat({ max: 1000 }), { minLength: 40, maxLength: 40 });
    fc.assert(
      fc.property(shapes, modes, dice, dice, fc.boolean(), (shape, kind, first, second, earlyCutoff) => {
        const { nodes } = shape;
        const old = finish(nodes, newRunState(nodes.length), (n) => first[n % 40]!).state;
        expect(old.phase).toBe('finished');
        const tasks = nodes.flatMap((_, n) => (second[n]! % 4 === 0 ? [n] : []));
        const mode: RestartMode = kind === 'tasks' ? { kind, tasks } : { kind };
        const layersGone = new Set(nodes.flatMap((_, n) => (first[39 - n]! % 9 === 0 ? [n] : [])));

        const plan = planRestart(nodes, old, mode, { layersGone });
        const above = ancestors(nodes);
        const roots = new Set(
          nodes.flatMap(({ leftOut }, n) => {
            const { status } = old.tasks[n]!;
            const failed = status !== 'success' && !(leftOut && status === 'skipped');
            return kind === 'from-start' || (kind === 'tasks' ? tasks.includes(n) : failed) ? [n] : [];
          }),
        );
        plan.decisions.forEach(({ task, action, reason }, n) => {
          expect(task).toBe(n);
          const again = roots.has(n) || above[n]!.some((each) => roots.has(each));
          expect(action).toBe(again ? 'rerun' : 'reuse');
          expect(reason.kind === 'descendant').toBe(again && !roots.has(n));
        });
        const gone = plan.problems.flatMap((each) => (each.kind === 'layer-gone' ? [each] : []));
        const needs = (n: number) => above.some((each, below) => each.includes(n) && reruns(below));
        const reruns = (n: number) => plan.decisions[n]!.action === 'rerun';
        expect(gone).toEqual(
          inOrder(nodes)
            .filter((n) => layersGone.has(n) && !reruns(n))
            .map((task) => ({ kind: 'layer-gone', task, needed: needs(task) })),
        );

        const start = restartState(plan, old, { earlyCutoff });
        const { state, ran, same } = finish(nodes, start, (n) => second[n % 40]!);
        expect(state.tasks.every(({ status }) => hasEnded(status))).toBe(true);
        state.tasks.forEach((task, n) => {
          if (!reruns(n)) return expect([task.status, ran.has(n)]).toEqual([old.tasks[n]!.status, false]);
          const kept = (each: number) =>
            !reruns(each) ||
            (same.has(each) && state.tasks[each]!.status === 'success') ||
            (start.tasks[each]!.earlier === 'skipped' && state.tasks[each]!.status === 'skipped');
          const mayCut = start.tasks[n]!.earlier === 'success' && above[n]!.every(kept);
          if (task.status === 'success' && !ran.has(n)) {
            cutOff++;
            expect([earlyCutoff, mayCut, roots.has(n)]).toEqual([true, true, false]);
          } else if (ran.has(n)) expect(mayCut).toBe(false);
        });
      }),
      { numRuns: RUNS },
    );
    expect(cutOff).toBeGreaterThan(RUNS / 40);
  },
);

/** All of them, of each task. */
function ancestors(nodes: readonly TaskNode[]): number[][] {
  const found: number[][] = [];
  for (const n of inOrder(nodes)) {
    const parents = nodes[n]!.parents.map(({ task }) => task);
    found[n] = [...new Set(parents.flatMap((parent) => [parent, ...found[parent]!]))];
  }
  return found;
}
