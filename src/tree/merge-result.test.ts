import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { gone, layersOf, mergeOf, orderOf, plansOf } from './merge.fixture.ts';
import type { Told, ToldLayer } from './merge.fixture.ts';
import { mergeTrees } from './merge.ts';
import type { MergePolicy } from './merge-layer.ts';
import { displayPath } from './path.ts';
import { lookup } from './read.ts';

const FAIL: MergePolicy = { kind: 'fail' };
const ANY: MergePolicy = { kind: 'fail-any' };
const OVERRIDE: MergePolicy = { kind: 'override' };
const preferring = (...writers: number[]): MergePolicy => ({ kind: 'prefer', writers });

const folder = (mode: number, told: { readonly [name: string]: Told }, mtime: number): Told => ({
  kind: 'directory',
  mode,
  mtime,
  below: plansOf(told, mtime),
});

describe('[T27] modes and times', () => {
  const merged = async (policy: MergePolicy, implied = 0) => {
    const nodes = new MemoryNodes();
    const [a, b] = layersOf(nodes, [
      ['A', { x: folder(0o700, { y: 1 }, 50), f: 1 }],
      ['B', { x: folder(0o755, { z: 1 }, 9), f: 1 }],
    ]);
    const layers = [a!, { ...b!, implied }];
    const found = await mergeTrees(nodes.source, nodes.sink, layers, { policy, precedes: orderOf('') });
    if (found.kind === 'conflicts') return found.conflicts.map(({ path }) => displayPath(path));
    const look = async (name: string) => {
      const entry = await lookup(nodes.source, found.root.tree, [utf8(name)]);
      return [name, entry?.mode, entry?.mtime];
    };
    return [await look('x'), await look('f'), ['root', found.root.mode, found.root.mtime]];
  };

  it('[T27] are those of the last layer', async () => {
    const last = [
      ['x', 0o755, 9],
      ['f', 0o644, 1],
      ['root', 0o755, 1],
    ];
    for (const policy of [FAIL, OVERRIDE, preferring(0)]) expect(await merged(policy)).toEqual(last);
    expect(await merged(ANY)).toEqual(['f']);
  });

  it('[T27] of equal directories are those of the last that has them itself', async () => {
    const nodes = new MemoryNodes();
    const layers = layersOf(nodes, [
      ['A', { x: folder(0o700, { y: 1 }, 50), a: 1 }],
      ['B', { x: folder(0o755, { y: 1 }, 9), b: 1 }],
    ]);
    for (const [implied, mode] of [
      [1, 0o755],
      [2, 0o700],
    ] as const) {
      const all = [layers[0]!, { ...layers[1]!, implied, whiteouts: false }];
      const found = await mergeTrees(nodes.source, nodes.sink, all, { precedes: orderOf('') });
      if (found.kind !== 'merged') throw new Error('they are in conflict');
      expect((await lookup(nodes.source, found.root.tree, [utf8('x')]))?.mode).toBe(mode);
    }
  });

  it('[T27] of a directory that only leads to something yield to others', async () => {
    expect(await merged(FAIL, 2)).toEqual([
      ['x', 0o700, 50],
      ['f', 0o644, 1],
      ['root', 0o755, 0],
    ]);
  });
});

it('[T28] every conflict is told, in the order of the bytes of paths, with kinds, modes and digests', async () => {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, [
    ['A', { a: { b: 1, c: { d: 1 } }, 'a.b': 1, same: 1, x: { y: 1 } }],
    ['A', { a: { b: 2 } }],
    ['B', { a: { b: 3, c: { d: 2 } }, 'a.b': 2, same: 1, x: { y: 2 } }],
    ['C', { x: 'a' }],
  ]);
  const merged = await mergeTrees(nodes.source, nodes.sink, layers, { precedes: orderOf('A<B') });
  if (merged.kind !== 'conflicts') throw new Error('they merge');
  const told = merged.conflicts.map(({ path, writers }) => [
    displayPath(path),
    writers.map(({ layer }) => layer),
  ]);
  expect(told).toEqual([
    ['a.b', [0, 2]],
    ['a/b', [1, 2]],
    ['a/c/d', [0, 2]],
    ['x', [0, 2, 3]],
    ['x/y', [0, 2]],
  ]);
  const [, , , x] = merged.conflicts;
  const tree = async (layer: number) => await lookup(nodes.source, layers[layer]!.root.tree, [utf8('x')]);
  const a = await tree(0);
  expect(x!.writers).toEqual([
    { layer: 0, kind: 'directory', mode: 0o755, digest: a?.kind === 'directory' && toHex(a.tree.digest) },
    { layer: 2, kind: 'directory', mode: 0o755, digest: expect.stringMatching(/^[0-9a-f]{64}$/) },
    // SHA-256 of the letter a.
    {
      layer: 3,
      kind: 'symlink',
      mode: 0o777,
      digest: 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb',
    },
  ]);
  expect(merged.more).toBe(0);
});

it('[T29] layers of writers in no order can come in any', async () => {
  const told = fc.constantFrom<Told>(1, 2, 'l', gone, {}, { y: 1 }, { y: 2 }, { y: gone });
  const orders = fc.constantFrom('', 'A<B', 'A<B A<C', 'A<C B<C', 'A<B B<C', 'A<B C<D', 'A<B A<C B<D C<D');
  const policies = fc.constantFrom(FAIL, ANY, OVERRIDE, preferring(2), preferring(1, 0));
  await fc.assert(
    fc.asyncProperty(
      fc.array(told, { minLength: 4, maxLength: 4 }),
      orders,
      policies,
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      async (all, order, policy, shuffled) => {
        const precedes = orderOf(order);
        // The first of those left that has no ancestor among them, again and again.
        const sorted: number[] = [];
        for (const left = [...shuffled]; left.length > 0;) {
          const next = left.findIndex((each) => !left.some((other) => precedes(other, each)));
          sorted.push(...left.splice(next, 1));
        }
        const layer = (at: number): ToldLayer => [String.fromCharCode(65 + at), { x: all[at] }];
        const straight = await mergeOf([0, 1, 2, 3].map(layer), order, policy);
        const other = await mergeOf(sorted.map(layer), order, policy);
        const letters = (text: string) => text.replaceAll(/[A-D]+/g, (each) => [...each].toSorted().join(''));
        expect(letters(other)).toBe(letters(straight));
      },
    ),
    { numRuns: 1000 },
  );
});
