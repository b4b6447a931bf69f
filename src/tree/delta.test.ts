import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { subtract } from './delta.ts';
import { gone, linesOf, plansOf } from './merge.fixture.ts';
import type { Told } from './merge.fixture.ts';
import { mergeTrees } from './merge.ts';
import { walk } from './read.ts';
import { all, anyTree, file, files, flat, plant, watched } from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

type Items = { readonly [name: string]: Told };

async function deltaOf(saved: Plans, given: Plans, deletions: boolean) {
  const nodes = new MemoryNodes();
  const [after, before] = [plant(nodes.sink, saved), plant(nodes.sink, given)];
  const { source, reads } = watched(nodes.source);
  const delta = await subtract(source, nodes.sink, after, before, { deletions });
  return { nodes, after, before, delta, reads: reads.length };
}

it.each<[string, Items, Items, string, string]>([
  ['nothing', { a: 1, d: { x: 1 } }, { a: 1, d: { x: 1 } }, '', ''],
  ['a file', { a: 1, b: 2 }, { a: 1 }, 'b=2', 'b=2'],
  [
    'a change, deep',
    { d: { e: { x: 2, y: 1 } }, f: {} },
    { d: { e: { x: 1, y: 1 } }, f: {} },
    'd/e/x=2',
    'd/e/x=2',
  ],
  ['an empty directory', { d: {} }, {}, 'd/', 'd/'],
  ['a directory with all in it', { d: { x: 1, y: 2 } }, {}, 'd/x=1 d/y=2', 'd/x=1 d/y=2'],
  ['a file that is gone', { a: 1 }, { a: 1, b: 1 }, '', 'b gone'],
  ['a directory that is gone', {}, { d: { x: 1 } }, '', 'd gone'],
  ['a directory that was emptied', { d: {} }, { d: { x: 1 } }, '', 'd/ d/x gone'],
  ['a file over a directory', { d: 1 }, { d: { x: 1 } }, 'd=1', 'd=1'],
  ['a directory over a file', { d: { x: 1 } }, { d: 1 }, 'd/x=1', 'd/x=1'],
  ['a link for a file', { a: 'l' }, { a: 1 }, 'a->l', 'a->l'],
])('[T34] %s', async (_, saved, given, plain, withDeletions) => {
  for (const [deletions, expected] of [
    [false, plain],
    [true, withDeletions],
  ] as const) {
    const { nodes, delta } = await deltaOf(plansOf(saved), plansOf(given), deletions);
    expect(await linesOf(nodes, delta.tree)).toBe(expected);
    expect(delta.whiteouts).toBe(expected.split('gone').length - 1);
    expect(delta.changes > 0).toBe(expected !== '');
  }
});

const folder = (below: Plans, mode = 0o755, mtime = 0): Plan => ({ kind: 'directory', mode, mtime, below });

it('[T34] another mode of a directory is told without what is in it; another time is not told', async () => {
  const plans = (mode: number, mtime: number): Plans => [[utf8('d'), folder(files(9), mode, mtime)]];
  const mode = await deltaOf(plans(0o700, 3), plans(0o755, 0), true);
  expect(
    (await all(walk(mode.nodes.source, mode.delta.tree))).map(({ entry }) => [entry.mode, entry.mtime]),
  ).toEqual([[0o700, 3]]);
  expect(mode.delta).toMatchObject({ changes: 1, whiteouts: 0 });
  expect((await deltaOf(plans(0o755, 3), plans(0o755, 0), true)).delta.changes).toBe(0);
});

it.each<[string, Plans, Plans, number]>([
  ['equal trees', files(20_000), files(20_000), 0],
  ['a large directory that is new', [[utf8('d'), folder(files(20_000))]], [], 2],
  ['a large directory that is gone', [], [[utf8('d'), folder(files(20_000))]], 2],
  ['one file of 20,000', [...files(20_000), [utf8('z'), file(1)]], files(20_000), 5],
])('[T34] %s: few nodes are read', async (_, saved, given, most) => {
  expect((await deltaOf(saved, given, true)).reads).toBeLessThanOrEqual(most);
});

it('[T34] put over what was given it is what was saved', async () => {
  const plain = anyTree.filter((plans) => flat(plans).every(({ plan }) => plan.kind !== 'whiteout'));
  await fc.assert(
    fc.asyncProperty(plain, plain, async (saved, given) => {
      const { nodes, after, before, delta } = await deltaOf(saved, given, true);
      const layers = [before, delta.tree].map((tree, writer) => {
        return { root: { mode: 0o755, mtime: 0, tree }, writer, whiteouts: true };
      });
      const merged = await mergeTrees(nodes.source, nodes.sink, layers, {
        policy: { kind: 'override' },
        precedes: (a, b) => a < b,
      });
      if (merged.kind !== 'merged') throw new Error('they are in conflict');
      expect(toHex(merged.root.tree.digest)).toBe(toHex(after.digest));
    }),
    { numRuns: 500 },
  );
});

it('[T34] without deletions nothing that was given is hidden', async () => {
  const { nodes, delta } = await deltaOf(plansOf({ d: { y: 1 } }), plansOf({ d: { x: 1 }, e: gone }), false);
  expect(await linesOf(nodes, delta.tree)).toBe('d/y=1');
});
