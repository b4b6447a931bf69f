import { describe, expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { gone, mergeOf, orderOf } from './merge.fixture.ts';
import type { Told, ToldLayer } from './merge.fixture.ts';
import { mergeTrees } from './merge.ts';
import type { MergePolicy } from './merge-layer.ts';
import { plant } from './tree.fixture.ts';

const FAIL: MergePolicy = { kind: 'fail' };
const ANY: MergePolicy = { kind: 'fail-any' };
const OVERRIDE: MergePolicy = { kind: 'override' };
const preferring = (...writers: number[]): MergePolicy => ({ kind: 'prefer', writers });

const dir = { y: 2 };
const CONFLICT = 'conflict x AB';

/** What A and B have at x, in a chain A<B and in no order: under fail, fail-any, override, prefer A, prefer B. */
type Row = readonly [a: Told, b: Told, chain: readonly string[], unordered: readonly string[]];

const KINDS: readonly Row[] = [
  [1, 1, ['x=1', CONFLICT, 'x=1', 'x=1', 'x=1'], ['x=1', CONFLICT, 'x=1', 'x=1', 'x=1']],
  [1, 2, [CONFLICT, CONFLICT, 'x=2', 'x=1', 'x=2'], [CONFLICT, CONFLICT, CONFLICT, 'x=1', 'x=2']],
  [1, dir, [CONFLICT, CONFLICT, 'x/y=2', 'x=1', 'x/y=2'], [CONFLICT, CONFLICT, CONFLICT, 'x=1', 'x/y=2']],
  [dir, 1, [CONFLICT, CONFLICT, 'x=1', 'x/y=2', 'x=1'], [CONFLICT, CONFLICT, CONFLICT, 'x/y=2', 'x=1']],
  [{}, 1, [CONFLICT, CONFLICT, 'x=1', 'x/', 'x=1'], [CONFLICT, CONFLICT, CONFLICT, 'x/', 'x=1']],
  ['l', dir, [CONFLICT, CONFLICT, 'x/y=2', 'x->l', 'x/y=2'], [CONFLICT, CONFLICT, CONFLICT, 'x->l', 'x/y=2']],
  [dir, 'l', [CONFLICT, CONFLICT, 'x->l', 'x/y=2', 'x->l'], [CONFLICT, CONFLICT, CONFLICT, 'x/y=2', 'x->l']],
  ['l', 'l', ['x->l', CONFLICT, 'x->l', 'x->l', 'x->l'], ['x->l', CONFLICT, 'x->l', 'x->l', 'x->l']],
  ['l', 'm', [CONFLICT, CONFLICT, 'x->m', 'x->l', 'x->m'], [CONFLICT, CONFLICT, CONFLICT, 'x->l', 'x->m']],
  ['l', 1, [CONFLICT, CONFLICT, 'x=1', 'x->l', 'x=1'], [CONFLICT, CONFLICT, CONFLICT, 'x->l', 'x=1']],
  [dir, { z: 3 }, Array(5).fill('x/y=2 x/z=3'), Array(5).fill('x/y=2 x/z=3')],
  [{}, {}, Array(5).fill('x/'), Array(5).fill('x/')],
  [
    dir,
    { y: 3 },
    ['conflict x/y AB', 'conflict x/y AB', 'x/y=3', 'x/y=2', 'x/y=3'],
    ['conflict x/y AB', 'conflict x/y AB', 'conflict x/y AB', 'x/y=2', 'x/y=3'],
  ],
  [1, gone, ['', '', '', '', ''], [CONFLICT, CONFLICT, CONFLICT, 'x=1', '']],
  [dir, gone, ['', '', '', '', ''], [CONFLICT, CONFLICT, CONFLICT, 'x/y=2', '']],
  [gone, 1, ['x=1', 'x=1', 'x=1', 'x=1', 'x=1'], [CONFLICT, CONFLICT, CONFLICT, '', 'x=1']],
  [gone, dir, Array(5).fill('x/y=2'), [CONFLICT, CONFLICT, CONFLICT, '', 'x/y=2']],
  [gone, gone, ['', '', '', '', ''], ['', '', '', '', '']],
  [
    dir,
    { y: gone },
    Array(5).fill('x/'),
    ['conflict x/y AB', 'conflict x/y AB', 'conflict x/y AB', 'x/y=2', 'x/'],
  ],
];

const POLICIES = [FAIL, ANY, OVERRIDE, preferring(0), preferring(1)];

it.each(KINDS)(
  '[T22] [T23] [T24] [T26] A has %j and B has %j, under each policy',
  async (a, b, chain, unordered) => {
    const layers: ToldLayer[] = [
      ['A', { x: a }],
      ['B', { x: b }],
    ];
    for (const [at, policy] of POLICIES.entries()) {
      expect([policy, await mergeOf(layers, 'A<B', policy)]).toEqual([policy, chain[at]]);
      expect([policy, await mergeOf(layers, '', policy)]).toEqual([policy, unordered[at]]);
    }
  },
);

describe('three writers', () => {
  it.each<[string, string, Told[], MergePolicy, string]>([
    [
      'what is overridden takes no part, though it equals another',
      'A<B',
      [1, 2, 1],
      OVERRIDE,
      'conflict x BC',
    ],
    ['who comes after both decides', 'A<C B<C', [1, 2, 3], OVERRIDE, 'x=3'],
    [
      'the middle one hides the first, though it is overridden itself',
      'A<B B<C',
      [dir, 1, { z: 3 }],
      OVERRIDE,
      'x/z=3',
    ],
    [
      'a directory is seen that nobody after it replaced',
      'A<C B<C',
      [dir, 1, { z: 3 }],
      OVERRIDE,
      'x/y=2 x/z=3',
    ],
    ['an overridden ancestor of one is in no conflict with another', 'A<B A<C', [1, 2, 2], OVERRIDE, 'x=2'],
    ['along a chain a conflict names all', 'A<B B<C', [1, 2, 1], FAIL, 'conflict x ABC'],
    ['equal ones are named with what differs', '', [1, 1, 2], FAIL, 'conflict x ABC'],
    ['the first of those preferred that takes part', '', [1, 2, 3], preferring(9, 2, 0), 'x=3'],
    ['none of those preferred takes part', 'A<B', [1, 2, { z: 3 }], preferring(9), 'conflict x ABC'],
    ['a preferred directory merges with others', '', [dir, 1, { z: 3 }], preferring(0), 'x/y=2 x/z=3'],
    [
      'what is gone for one is gone though another does not touch it',
      'A<B A<C',
      [1, gone, {}],
      FAIL,
      'conflict x BC',
    ],
    ['it is gone and one changed it', 'A<B A<C', [1, gone, 2], OVERRIDE, 'conflict x BC'],
    ['it was gone, and is saved again', 'A<B B<C', [1, gone, 2], FAIL, 'x=2'],
  ])('[T22] [T23] [T24] [T26] %s', async (_, order, told, policy, expected) => {
    const layers = told.map((each, at): ToldLayer => [String.fromCharCode(65 + at), { x: each }]);
    expect(await mergeOf(layers, order, policy)).toBe(expected);
  });

  it('[T26] what one deletes and another does not have is gone', async () => {
    const layers: ToldLayer[] = [
      ['A', { x: 1, y: 1 }],
      ['B', { x: gone }],
      ['C', { z: 1 }],
    ];
    for (const policy of [FAIL, ANY, OVERRIDE])
      expect(await mergeOf(layers, 'A<B A<C', policy)).toBe('y=1 z=1');
  });
});

it.each<[string, ToldLayer[], MergePolicy, string]>([
  [
    'the later save wins',
    [
      ['A', { x: 1 }],
      ['A', { x: 2 }],
    ],
    ANY,
    'x=2',
  ],
  [
    'a file over a directory',
    [
      ['A', { x: dir }],
      ['A', { x: 1 }],
    ],
    FAIL,
    'x=1',
  ],
  [
    'a directory over a file',
    [
      ['A', { x: 1 }],
      ['A', { x: dir }],
    ],
    FAIL,
    'x/y=2',
  ],
  [
    'directories merge',
    [
      ['A', { x: dir }],
      ['A', { x: { z: 3 } }],
    ],
    FAIL,
    'x/y=2 x/z=3',
  ],
  [
    'it is in conflict once',
    [
      ['A', { x: 1 }],
      ['A', { x: 2 }],
      ['B', { x: 3 }],
    ],
    FAIL,
    'conflict x AB',
  ],
  [
    'what was replaced is in no conflict',
    [
      ['A', { x: 1 }],
      ['B', { x: 2 }],
      ['B', { x: 1 }],
    ],
    FAIL,
    'x=1',
  ],
  [
    'what was gone, and was saved again',
    [
      ['A', { x: 1 }],
      ['B', { x: gone }],
      ['B', { x: 2 }],
    ],
    FAIL,
    'x=2',
  ],
  [
    'a directory that was gone, and is new',
    [
      ['A', { x: dir }],
      ['B', { x: gone }],
      ['B', { x: { z: 3 } }],
    ],
    FAIL,
    'x/z=3',
  ],
  [
    'a file that became a directory',
    [
      ['A', { x: dir }],
      ['B', { x: 1 }],
      ['B', { x: { z: 3 } }],
    ],
    FAIL,
    'x/y=2 x/z=3',
  ],
  [
    'the same under override',
    [
      ['A', { x: dir }],
      ['B', { x: 1 }],
      ['B', { x: { z: 3 } }],
    ],
    OVERRIDE,
    'x/z=3',
  ],
])('[T25] one writer saves twice: %s', async (_, layers, policy, expected) => {
  expect(await mergeOf(layers, 'A<B', policy)).toBe(expected);
});

it('[T22] no layers at all make an empty tree', async () => {
  const nodes = new MemoryNodes();
  for (const policy of [...POLICIES, { kind: 'separate', directoryOf: () => utf8('x') } as const]) {
    const merged = await mergeTrees(nodes.source, nodes.sink, [], { policy, precedes: orderOf('') });
    expect(merged).toMatchObject({ kind: 'merged', root: { mode: 0o755, tree: plant(nodes.sink, []) } });
  }
});
