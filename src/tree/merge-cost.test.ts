import { expect, it } from 'vitest';

import { equalBytes, toHex, utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { linesOf } from './merge.fixture.ts';
import { mergeConflicts, mergeTrees } from './merge.ts';
import type { MergeLayer, MergePolicy } from './merge-layer.ts';
import { lookup, walk } from './read.ts';
import { file, files, plant, watched } from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

const folder = (below: Plans): Plan => ({ kind: 'directory', mode: 0o755, mtime: 0, below });
const named = (name: string, plan: Plan): Plans[number] => [utf8(name), plan];
const MANY = files(20_000);

interface Told {
  readonly plans: readonly Plans[];
  readonly policy?: MergePolicy['kind'] & ('fail' | 'fail-any' | 'override');
  readonly whiteouts?: boolean;
}

async function merge({ plans, policy = 'fail', whiteouts = false }: Told) {
  const nodes = new MemoryNodes();
  const layers = plans.map((each, writer): MergeLayer => {
    return { root: { mode: 0o755, mtime: 0, tree: plant(nodes.sink, each) }, writer, whiteouts };
  });
  const options = { policy: { kind: policy }, precedes: (a: number, b: number) => a < b } as const;
  const { source, reads } = watched(nodes.source);
  const merged = await mergeTrees(source, nodes.sink, layers, options);
  const alone = watched(nodes.source);
  await mergeConflicts(alone.source, layers, options);
  return { nodes, layers, merged, reads: reads.length, alone: alone.reads.length };
}

it.each<[string, Told, number, number]>([
  ['one layer', { plans: [[named('a', folder(MANY))]] }, 0, 0],
  ['equal layers', { plans: [MANY, MANY, MANY] }, 0, 0],
  [
    'each a directory of its own',
    { plans: ['a', 'b', 'c'].map((name) => [named(name, folder(MANY))]) },
    3,
    3,
  ],
  [
    'the same large directory beside what differs',
    { plans: [1, 2].map((n) => [named('a', folder(MANY)), named(`f${n}`, file(n))]) },
    2,
    2,
  ],
  [
    'equal empty directories under fail-any',
    { plans: [[named('a', folder([]))], [named('a', folder([]))]], policy: 'fail-any' },
    0,
    0,
  ],
])('[T30] %s: few nodes are read', async (_, told, most, mostAlone) => {
  const { merged, reads, alone } = await merge(told);
  expect(merged.kind).toBe('merged');
  expect([reads, alone]).toEqual([most, mostAlone]);
});

it('[T30] of a large directory that all have nearly alike, each equal node is read once', async () => {
  const other = MANY.map(([name, plan], at): Plans[number] => [name, at === 9999 ? file(-7) : plan]);
  const two = await merge({ plans: [MANY, other], policy: 'override' });
  const one = watched(two.nodes.source);
  for await (const _ of walk(one.source, two.layers[0]!.root.tree));
  // The top and the one page that differs of the other, and perhaps the pages beside it.
  expect(two.reads).toBeLessThanOrEqual(one.reads.length + 4);
  if (two.merged.kind !== 'merged') throw new Error('they are in conflict');
  expect(toHex(two.merged.root.tree.digest)).toBe(toHex(plant(two.nodes.sink, other).digest));
});

it('[T30] a directory that one layer has alone is the same node', async () => {
  const { nodes, layers, merged } = await merge({
    plans: [[named('a', folder(MANY))], [named('b', folder([]))]],
  });
  if (merged.kind !== 'merged') throw new Error('they are in conflict');
  const tree = async (layer: { tree: MergeLayer['root']['tree'] }) => {
    const entry = await lookup(nodes.source, layer.tree, [utf8('a')]);
    return entry?.kind === 'directory' ? entry.tree : undefined;
  };
  expect(equalBytes((await tree(merged.root))!.node, (await tree(layers[0]!.root))!.node)).toBe(true);
});

it('[T30] [T26] a directory that one layer has alone is read where it may hold whiteouts', async () => {
  const below: Plans = [named('x', { kind: 'whiteout' }), named('y', file(1))];
  const { nodes, merged } = await merge({ plans: [[named('a', folder(below))], []], whiteouts: true });
  if (merged.kind !== 'merged') throw new Error('they are in conflict');
  expect(await linesOf(nodes, merged.root.tree)).toBe('a/y=1');
});

it('[T30] [T22] equal directories are read under fail-any, and each file in them is told', async () => {
  const { merged } = await merge({
    plans: [[named('a', folder(MANY))], [named('a', folder(MANY))]],
    policy: 'fail-any',
  });
  expect(merged.kind === 'conflicts' && merged.conflicts.length).toBe(MANY.length);
});

it('[T30] [T28] who has equal nodes is named even so, where another has something between', async () => {
  const changed = (plans: Plans, from: number, to: Plan) =>
    plans.map(([name, plan], at): Plans[number] => [name, at === from ? to : plan]);
  const { merged } = await merge({
    plans: [MANY, changed(MANY, 19_999, file(-7)), [[MANY[40]![0], file(-9)]]],
  });
  if (merged.kind !== 'conflicts') throw new Error('they merge');
  expect(merged.conflicts.map(({ writers }) => writers.map(({ layer }) => layer))).toEqual([
    [0, 1, 2],
    [0, 1],
  ]);
});

it('[T30] [T27] of equal nodes that of the last layer is taken, with its times', async () => {
  const touched = (mtime: number) => MANY.map(([name], at): Plans[number] => [name, file(at, mtime)]);
  const last = touched(3).slice(0, -1);
  const { nodes, merged } = await merge({ plans: [MANY, touched(2), last] });
  if (merged.kind !== 'merged') throw new Error('they are in conflict');
  const times = new Set<number>();
  for await (const { entry } of walk(nodes.source, merged.root.tree)) times.add(entry.mtime);
  expect(times).toEqual(new Set([2, 3]));
  const mtimeOf = async (at: number) => (await lookup(nodes.source, merged.root.tree, [MANY[at]![0]]))?.mtime;
  expect([await mtimeOf(0), await mtimeOf(MANY.length - 2), await mtimeOf(MANY.length - 1)]).toEqual([
    3, 3, 2,
  ]);
});
