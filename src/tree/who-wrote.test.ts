import { expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { gone, layersOf, orderOf } from './merge.fixture.ts';
import type { ToldLayer } from './merge.fixture.ts';
import type { MergePolicy } from './merge-layer.ts';
import { parsePath } from './path.ts';
import { watched } from './tree.fixture.ts';
import { whoWrote } from './who-wrote.ts';

async function who(
  told: readonly ToldLayer[],
  order: string,
  kind: 'fail' | 'override' | number,
  path: string,
) {
  const nodes = new MemoryNodes();
  const policy: MergePolicy = typeof kind === 'number' ? { kind: 'prefer', writers: [kind] } : { kind };
  const options = { policy, precedes: orderOf(order) };
  const { writings, conflictAt } = await whoWrote(
    nodes.source,
    layersOf(nodes, told),
    parsePath(path),
    options,
  );
  const lines = writings.map(({ layer, kind: what, part, by }) =>
    `${layer} ${what} ${part} ${by ?? ''}`.trim(),
  );
  return [...lines, ...(conflictAt === undefined ? [] : [`conflict at ${conflictAt}`])];
}

const A: ToldLayer = ['A', { x: 1, d: { y: 1, e: {} } }];

it.each<[string, ToldLayer[], string, 'fail' | 'override' | number, string, string[]]>([
  ['alone', [A], '', 'fail', 'x', ['0 file seen']],
  ['nobody', [A], '', 'fail', 'q/r', []],
  ['equal', [A, ['B', { x: 1 }]], '', 'fail', 'x', ['0 file equal', '1 file seen']],
  [
    'in conflict',
    [A, ['B', { x: 2 }]],
    'A<B',
    'fail',
    'x',
    ['0 file conflict', '1 file conflict', 'conflict at 1'],
  ],
  ['overridden', [A, ['B', { x: 2 }]], 'A<B', 'override', 'x', ['0 file hidden 1', '1 file seen']],
  ['saved twice', [A, ['A', { x: 2 }]], '', 'fail', 'x', ['0 file hidden 1', '1 file seen']],
  ['preferred', [A, ['B', { x: 2 }]], '', 0, 'x', ['0 file seen', '1 file hidden 0']],
  ['preferred, and gone', [A, ['B', { x: gone }]], '', 1, 'x', ['0 file hidden 1', '1 whiteout deletes']],
  ['deleted', [A, ['B', { x: gone }]], 'A<B', 'fail', 'x', ['0 file hidden 1', '1 whiteout deletes']],
  ['merged', [A, ['B', { d: {} }]], '', 'fail', 'd', ['0 directory seen', '1 directory seen']],
  ['hidden above', [A, ['B', { d: 2 }]], 'A<B', 'override', 'd/y', ['0 file hidden 1']],
  ['in a directory in conflict', [A, ['B', { d: 2 }]], '', 'fail', 'd/y', ['0 file seen', 'conflict at 1']],
])('[T32] a path that is %s', async (_, told, order, policy, path, expected) => {
  expect(await who(told, order, policy, path)).toEqual(expected);
});

it('[T32] in the directory of one task', async () => {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, [A, ['B', { x: 2 }]]);
  const policy = { kind: 'separate', directoryOf: (writer: number) => utf8(`t${writer}`) } as const;
  const options = { policy, precedes: orderOf('') };
  const ask = async (path: string) =>
    (await whoWrote(nodes.source, layers, parsePath(path), options)).writings.map(
      ({ layer, kind, part }) => `${layer} ${kind} ${part}`,
    );
  expect(await ask('t1/x')).toEqual(['1 file seen']);
  expect(await ask('t0')).toEqual(['0 directory seen']);
  expect(await ask('x')).toEqual([]);
  await expectCode('bad_input', whoWrote(nodes.source, layers, [], options));
});

it('[T32] only what leads there is read', async () => {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, [A, ['B', { x: 1 }]]);
  const { source, reads } = watched(nodes.source);
  await whoWrote(source, layers, parsePath('d/y'), { precedes: orderOf('') });
  expect(reads).toHaveLength(3);
});
