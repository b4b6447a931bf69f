import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { compareBytes, toHex, utf8 } from '../base/index.ts';
import { diff } from './diff.ts';
import type { DirectoryNode } from './directory-node.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import type { Path } from './path.ts';
import {
  allChanges,
  anyTree,
  file,
  files,
  flat,
  flatPage,
  over,
  pathKey,
  plant,
  store,
  watched,
} from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

/** What an entry is apart from its times and, of a directory, from what it holds. */
function looksOf(plan: Plan): string {
  if (plan.kind === 'whiteout') return 'whiteout';
  const { kind, mode } = plan;
  if (kind === 'directory') return `${kind} ${mode}`;
  if (kind === 'symlink') return `${kind} ${mode} ${plan.target}`;
  const extents: number[] = [];
  for (const n of plan.chunks) {
    if (n < 0 && extents.at(-1)! < 0) extents.push(extents.pop()! + n);
    else extents.push(n);
  }
  return `${kind} ${mode} ${extents.join()}`;
}

function comparePaths(a: Path, b: Path): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareBytes(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Every path of both trees, compared one by one. */
function naive(before: Plans, after: Plans): string[] {
  const left = new Map(flat(before).map((item) => [pathKey(item.path), item]));
  const right = new Map(flat(after).map((item) => [pathKey(item.path), item]));
  const paths = new Map([...left, ...right].map(([key, { path }]) => [key, path]));
  return [...paths]
    .toSorted(([, a], [, b]) => comparePaths(a, b))
    .flatMap(([key]) => {
      const a = left.get(key);
      const b = right.get(key);
      if (a === undefined) return [`added ${key}`];
      if (b === undefined) return [`removed ${key}`];
      return looksOf(a.plan) === looksOf(b.plan) ? [] : [`changed ${key}`];
    });
}

async function changesOf(before: Plans, after: Plans): Promise<string[]> {
  const nodes = new MemoryNodes();
  return allChanges(diff(nodes.source, plant(nodes.sink, before), plant(nodes.sink, after)));
}

it('[T17] a diff of any two trees is what a comparison of all paths finds', async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, anyTree, async (before, after) => {
      expect(await changesOf(before, after)).toEqual(naive(before, after));
    }),
    { numRuns: 300 },
  );
});

const large = files(6000);
const edit = fc.tuple(
  fc.integer({ min: 0, max: large.length - 1 }),
  fc.integer({ min: 1, max: 700 }),
  fc.constantFrom('remove', 'change', 'insert', 'touch'),
);

/** The entries from `at` on, `count` of them, treated so. */
function edited(plans: Plans, [at, count, how]: readonly [number, number, string]): Plans {
  return plans.flatMap(([name, plan], n): Plans => {
    if (n < at || n >= at + count) return [[name, plan]];
    if (how === 'remove') return [];
    if (how === 'change') return [[name, file(-1 - n)]];
    if (how === 'touch') return [[name, file(n, 99)]];
    return [
      [name, plan],
      [Buffer.concat([name, utf8('+')]), file(n)],
    ];
  });
}

it('[T17] a diff of large directories is what a comparison of all paths finds', async () => {
  await fc.assert(
    fc.asyncProperty(edit, edit, fc.integer({ min: 0, max: 6000 }), async (one, other, kept) => {
      const before = edited(large, one).slice(0, kept);
      const after = edited(large, other);
      expect(await changesOf(before, after)).toEqual(naive(before, after));
      expect(await changesOf(after, before)).toEqual(naive(after, before));
    }),
    { numRuns: 15 },
  );
});

const name = (text: string) => toHex(utf8(text));
const one = (plan: Plan): Plans => [[utf8('x'), plan]];
const folder = (below: Plans, mode = 0o755): Plan => ({ kind: 'directory', mode, mtime: 1, below });

it.each<[string, Plan, Plan, string[]]>([
  [
    'a file becomes a directory',
    file(1),
    folder([[utf8('y'), file(1)]]),
    [`changed ${name('x')}`, `added ${name('x')}/${name('y')}`],
  ],
  [
    'a directory becomes a link',
    folder([[utf8('y'), file(1)]]),
    { kind: 'symlink', mode: 0o777, mtime: 0, target: 'y' },
    [`changed ${name('x')}`, `removed ${name('x')}/${name('y')}`],
  ],
  ['a directory changes its mode alone', folder(files(3)), folder(files(3), 0o700), [`changed ${name('x')}`]],
  [
    'a directory has something changed in it',
    folder(one(file(1))),
    folder(one(file(2))),
    [`changed ${name('x')}/${name('x')}`],
  ],
  ['only times differ', file(1, 5), file(1, 6), []],
])('[T17] %s', async (_, before, after, changes) => {
  expect(await changesOf(one(before), one(after))).toEqual(changes);
});

it('[T17] a change carries both entries', async () => {
  const nodes = new MemoryNodes();
  const changes = diff(nodes.source, plant(nodes.sink, one(file(1))), plant(nodes.sink, one(file(2))));
  const { value } = await changes.next();
  expect(value).toMatchObject({ kind: 'changed', before: { size: 2 }, after: { size: 3 } });
});

it.each<[string, Plans, Plans, number]>([
  ['equal trees', one(folder(files(9))), one(folder(files(9))), 0],
  // The tops, and the page that differs: one of the two sides, or both.
  ['one file of 20,000 changed', files(20_000), edited(files(20_000), [10_000, 1, 'change']), 4],
  [
    'one directory beside large ones changed',
    [
      [utf8('a'), folder(files(20_000))],
      [utf8('b'), folder(one(file(1)))],
    ],
    [
      [utf8('a'), folder(files(20_000))],
      [utf8('b'), folder(one(file(2)))],
    ],
    4,
  ],
  [
    'only the mode of a large directory changed',
    one(folder(files(20_000))),
    one(folder(files(20_000), 0o700)),
    2,
  ],
  ['only times of everything changed', edited(files(20_000), [0, 20_000, 'touch']), files(20_000), 0],
])('[T18] %s: few nodes are read', async (_, before, after, most) => {
  const nodes = new MemoryNodes();
  const { source, reads } = watched(nodes.source);
  await allChanges(diff(source, plant(nodes.sink, before), plant(nodes.sink, after)));
  expect(reads).toHaveLength(most);
});

it('[T18] no node that both trees have below their tops is read', async () => {
  await fc.assert(
    fc.asyncProperty(edit, async (change) => {
      const own = [new MemoryNodes(), new MemoryNodes()] as const;
      const before = plant(own[0].sink, large);
      const after = plant(own[1].sink, edited(large, change));
      const both = new MemoryNodes();
      for (const { nodes } of own) for (const [key, bytes] of nodes) both.nodes.set(key, bytes);
      const { source, reads } = watched(both.source);
      await allChanges(diff(source, before, after));
      const tops = new Set([toHex(before.node), toHex(after.node)]);
      const shared = reads.filter((key) => own.every(({ nodes }) => nodes.has(key)) && !tops.has(key));
      expect(shared).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

it('[T18] a node that stands below a higher index on the other side is not read', async () => {
  const nodes = new MemoryNodes();
  const put = (node: DirectoryNode) => store(nodes.sink, node);
  const ab = put(flatPage('a', 'b'));
  const cd = put(flatPage('c', 'd'));
  const low = put(over(1, ['a', ab], ['c', cd]));
  const ce = put(over(1, ['a', ab], ['c', put(flatPage('c', 'e'))]));
  const high = put(
    over(2, ['a', ce], ['x', put(over(1, ['x', put(flatPage('x'))], ['y', put(flatPage('y'))]))]),
  );
  const changes = ['removed d', 'added e', 'added x', 'added y'].map((change) => {
    const [kind, text] = change.split(' ');
    return `${kind} ${name(text!)}`;
  });
  const { source, reads } = watched(nodes.source);
  expect(await allChanges(diff(source, low, high))).toEqual(changes);
  expect(await allChanges(diff(source, high, low))).toHaveLength(4);
  expect(reads).not.toContain(toHex(ab.node));
});
