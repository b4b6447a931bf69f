import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { isStrataError } from '../base/index.ts';
import { findCycles, graphOf } from './graph.ts';
import { readOne, refusal, tasksFile } from './plan.fixture.ts';

/** For each task the tasks that it waits for: any of all, so cycles are common. */
const anyEdges = fc
  .integer({ min: 1, max: 12 })
  .chain((size) =>
    fc.array(fc.uniqueArray(fc.nat(size - 1), { maxLength: 3 }), { minLength: size, maxLength: size }),
  );

/** Only tasks before it, in an order that the file does not show. */
const anyGraph = anyEdges.chain((edges) =>
  fc
    .shuffledSubarray([...edges.keys()], { minLength: edges.length })
    .map((order) => edges.map((parents, task) => parents.filter((parent) => order[parent]! < order[task]!))),
);

const runOf = (edges: readonly (readonly number[])[], called = (task: number) => `t${task}`) =>
  readOne(
    JSON.stringify({
      runs: [
        {
          name: 'r',
          tasks: edges.map((parents, task) => ({ name: called(task), depends: parents.map(called) })),
        },
      ],
    }),
  );

/** Floyd and Warshall: whether one task waits for the other. */
function reachable(edges: readonly (readonly number[])[]): boolean[][] {
  const reach = edges.map((parents) => edges.map((_, other) => parents.includes(other)));
  for (const middle of edges.keys())
    for (const from of edges.keys())
      for (const to of edges.keys()) reach[from]![to] ||= reach[from]![middle]! && reach[middle]![to]!;
  return reach;
}

it('[P9] [P10] levels, order and ancestors are what a table of all pairs says', async () => {
  await fc.assert(
    fc.asyncProperty(anyGraph, async (edges) => {
      const graph = graphOf(await runOf(edges));
      const reach = reachable(edges);
      const place = (task: number) => graph.order.indexOf(task);
      expect(graph.order.toSorted((a, b) => a - b)).toEqual([...edges.keys()]);
      for (const [task, parents] of edges.entries()) {
        expect(graph.levels[task]).toBe(Math.max(-1, ...parents.map((parent) => graph.levels[parent]!)) + 1);
        for (const parent of parents) expect(place(parent)).toBeLessThan(place(task));
        const all = (waits: (other: number) => boolean) => graph.order.filter(waits);
        expect(graph.ancestors(task)).toEqual(all((other) => reach[task]![other]!));
        expect(graph.descendants([task])).toEqual(all((other) => reach[other]![task]!));
      }
    }),
    { numRuns: 150 },
  );
});

it('[P9] the order does not follow from the order of the file', async () => {
  const edges = [[], [0], [0], [1, 2], []];
  const names = ['b', 'é', 'z', '💥', '\u{ffee}'];
  const reversed = edges.map((_, at) => 4 - at);
  const [one, other] = [
    await runOf(edges, (task) => names[task]!),
    await runOf(
      reversed.map((task) => edges[task]!.map((parent) => 4 - parent)),
      (task) => names[4 - task]!,
    ),
  ];
  const called = (run: typeof one) => graphOf(run).order.map((task) => run.tasks[task]!.name);
  // By bytes: é after z, and what is beyond the first plane after what is in it.
  expect(called(one)).toEqual(['b', '\u{ffee}', 'z', 'é', '💥']);
  expect(called(other)).toEqual(called(one));
});

it('[P10] a cycle is found if there is one, and is one', () => {
  fc.assert(
    fc.property(anyEdges, (edges) => {
      const cycles = findCycles(edges, 20);
      const reach = reachable(edges);
      expect(cycles.length > 0).toBe(edges.some((_, task) => reach[task]![task]!));
      for (const cycle of cycles)
        for (const [at, task] of cycle.entries())
          expect(edges[task]).toContain(cycle[(at + 1) % cycle.length]);
      const tasks = cycles.flat();
      expect(new Set(tasks).size).toBe(tasks.length);
    }),
    { numRuns: 500 },
  );
});

it('[P10] a circle of five thousand tasks is named', async () => {
  const ring = Array.from({ length: 5000 }, (_, at) => `{ name: t${at}, depends: [t${(at + 1) % 5000}] }`);
  const error = await refusal(tasksFile(...ring));
  expect(error.message).toContain(
    'tasks wait for each other in a circle: t0 → t1 → t2 → t3 → t4 → t5 → t6 → t7 → … 4992 more … → t0',
  );
});

it('[P10] two circles are two flaws', async () => {
  const error = await refusal(
    tasksFile(
      '{ name: a, depends: [b] }',
      '{ name: b, depends: [a] }',
      '{ name: c, depends: [d] }',
      '{ name: d, depends: [c, a] }',
    ),
  );
  expect(error.message.split('\n').map((line) => line.split(': ').at(-1))).toEqual([
    'a → b → a',
    'c → d → c',
  ]);
});

it('[P10] [P7] a wide and a deep run of ten thousand tasks', { timeout: 30_000 }, async () => {
  const deep = Array.from(
    { length: 5000 },
    (_, at) => `{name: d${at}, depends: [${at > 0 ? `d${at - 1}` : ''}]}`,
  );
  const wide = Array.from({ length: 4999 }, (_, at) => `{name: w${at}, depends: [d0]}`);
  const run = await readOne(
    tasksFile(...deep, ...wide, `{name: end, depends: [d4999, ${wide.map((_, at) => `w${at}`).join()}]}`),
  );
  const graph = graphOf(run);
  expect([graph.size, graph.levels.at(-1)]).toEqual([10_000, 5000]);
  expect(graph.ancestors(9999)).toHaveLength(9999);
  expect(graph.descendants([0])).toHaveLength(9999);
});

it('[P10] a run that nobody checked is refused', async () => {
  const run = await runOf([[], [0]]);
  const broken = { ...run, tasks: [{ ...run.tasks[0]!, depends: run.tasks[1]!.depends }] };
  const thrown = () => {
    try {
      return graphOf(broken);
    } catch (error) {
      return error;
    }
  };
  expect(isStrataError(thrown(), 'internal')).toBe(true);
});
