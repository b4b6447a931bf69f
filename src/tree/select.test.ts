import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { graft } from './graft.ts';
import type { GraftOptions } from './graft.ts';
import { linesOf, plansOf } from './merge.fixture.ts';
import type { Told } from './merge.fixture.ts';
import { parsePath } from './path.ts';
import { lookup } from './read.ts';
import { selectTree } from './select.ts';
import type { Selector } from './select.ts';
import { file, files, plant, watched } from './tree.fixture.ts';
import type { Plan } from './tree.fixture.ts';

type Items = { readonly [name: string]: Told };

function glob(pattern: string): Selector {
  const matches = picomatch(pattern, { dot: true });
  return (path) => (matches(path) ? 'all' : 'enter');
}

const TREE: Items = {
  '.dot': 1,
  a: { 'x.o': 1, 'y.c': 2, b: { 'z.o': 3 } },
  empty: {},
  l: 'a',
  'x.o': 4,
};

describe('[T35] a selection', () => {
  it.each<[readonly string[], string, readonly boolean[]]>([
    [['**'], '.dot=1 a/b/z.o=3 a/x.o=1 a/y.c=2 empty/ l->a x.o=4', [true]],
    [['a'], 'a/b/z.o=3 a/x.o=1 a/y.c=2', [true]],
    [['a/b'], 'a/b/z.o=3', [true]],
    [['**/*.o'], 'a/b/z.o=3 a/x.o=1 x.o=4', [true]],
    [['*.o', 'empty'], 'empty/ x.o=4', [true, true]],
    [['l/**', 'l'], 'l->a', [true, true]],
    [['l/x.o'], '', [false]],
    [['nothing/**', 'a/nothing', 'x.o'], 'x.o=4', [false, false, true]],
    [['a', 'a/b/z.o', 'a/b/nothing'], 'a/b/z.o=3 a/x.o=1 a/y.c=2', [true, true, false]],
    [[], '', []],
  ])('[T35] by %j', async (patterns, expected, matched) => {
    const nodes = new MemoryNodes();
    const tree = plant(nodes.sink, plansOf(TREE));
    const selection = await selectTree(nodes.source, nodes.sink, tree, patterns.map(glob));
    expect(await linesOf(nodes, selection.tree)).toBe(expected);
    expect(selection.matched).toEqual(matched);
    if (patterns[0] === '**') expect(toHex(selection.tree.digest)).toBe(toHex(tree.digest));
  });

  it('[T35] does not read what it takes whole or leaves out', async () => {
    const nodes = new MemoryNodes();
    const large: Plan = { kind: 'directory', mode: 0o755, mtime: 0, below: files(5000) };
    const tree = plant(nodes.sink, [
      [utf8('in'), large],
      [utf8('out'), large],
    ]);
    const { source, reads } = watched(nodes.source);
    const select: Selector = (path) => (path === 'in' ? 'all' : 'none');
    await selectTree(source, nodes.sink, tree, [select, select]);
    expect(reads).toHaveLength(1);
  });

  it('[T35] matches the text of names, whatever their bytes', async () => {
    const nodes = new MemoryNodes();
    const tree = plant(nodes.sink, [
      [Uint8Array.of(0x61, 0xff), file(1)],
      [utf8('back\\slash'), file(1)],
      [utf8('new\nline'), file(1)],
    ]);
    const asked: string[] = [];
    const ask: Selector = (path) => {
      asked.push(path);
      return 'all';
    };
    await selectTree(nodes.source, nodes.sink, tree, [ask]);
    expect(asked).toEqual(['a\ufffd', 'back\\slash', 'new\nline']);
  });

  it('[T35] refuses paths that no pattern should be held against', async () => {
    const nodes = new MemoryNodes();
    let plan: Plan = file(1);
    for (let depth = 0; depth < 300; depth++)
      plan = { kind: 'directory', mode: 0o755, mtime: 0, below: [[utf8('n'.repeat(255)), plan]] };
    const tree = plant(nodes.sink, [[utf8('top'), plan]]);
    await expectCode('bad_input', selectTree(nodes.source, nodes.sink, tree, [() => 'enter']));
    await selectTree(nodes.source, nodes.sink, tree, [() => 'all']);
  });
});

describe('[T36] a graft', () => {
  async function graftOf(parts: readonly (readonly [at: string, told: Items])[], like?: Items) {
    const nodes = new MemoryNodes();
    const options: GraftOptions = like === undefined ? {} : { like: plant(nodes.sink, plansOf(like)) };
    const root = await graft(
      nodes.source,
      nodes.sink,
      parts.map(([at, told], mtime) => {
        return { root: { mode: 0o700, mtime, tree: plant(nodes.sink, plansOf(told)) }, at: parsePath(at) };
      }),
      options,
    );
    const looks = async (path: string) => {
      const entry = await lookup(nodes.source, root.tree, parsePath(path));
      return [entry?.mode, entry?.mtime];
    };
    return { root, lines: await linesOf(nodes, root.tree), looks };
  }

  it.each<[string, (readonly [string, Items])[], string]>([
    ['nothing', [], ''],
    ['at the root', [['', { x: 1 }]], 'x=1'],
    ['deep', [['a/b', { x: 1 }]], 'a/b/x=1'],
    [
      'beside each other',
      [
        ['a', { x: 1 }],
        ['b', { x: 2 }],
      ],
      'a/x=1 b/x=2',
    ],
    [
      'over each other',
      [
        ['a', { x: 1, y: 1 }],
        ['a', { x: 2 }],
      ],
      'a/x=2 a/y=1',
    ],
    [
      'inside one another',
      [
        ['', { a: { x: 1 } }],
        ['a/b', { y: 1 }],
      ],
      'a/b/y=1 a/x=1',
    ],
    [
      'through a file',
      [
        ['', { a: 1 }],
        ['a/b', { y: 1 }],
      ],
      'a/b/y=1',
    ],
    [
      'a file over what is there',
      [
        ['a/b', { y: 1 }],
        ['', { a: 1 }],
      ],
      'a=1',
    ],
    ['nothing at a place', [['a/b', {}]], 'a/ a/b/'],
  ])('[T36] %s', async (_, parts, expected) => {
    expect((await graftOf(parts)).lines).toBe(expected);
  });

  it('[T36] [T27] has the modes and times of what is there itself, else of what it is like', async () => {
    const { looks, root } = await graftOf([
      ['', { a: { x: 1 } }],
      ['a/b/c', { y: 1 }],
    ]);
    expect([await looks('a'), await looks('a/b'), await looks('a/b/c')]).toEqual([
      [0o755, 0],
      [0o755, 1],
      [0o700, 1],
    ]);
    expect([root.mode, root.mtime]).toEqual([0o700, 0]);
    const b: Plan = { kind: 'directory', mode: 0o750, mtime: 77, below: [] };
    const like = await graftOf([['a/b/c', { y: 1 }]], { a: { b } });
    expect([await like.looks('a/b'), await like.looks('a/b/c')]).toEqual([
      [0o750, 77],
      [0o700, 0],
    ]);
  });

  it.each([['..'], ['a', ''], ['a/b'], ['\0'], ['x'.repeat(256)]])('[T36] not at %j', async (...at) => {
    const nodes = new MemoryNodes();
    const part = { root: { mode: 0o755, mtime: 0, tree: plant(nodes.sink, []) }, at: at.map(utf8) };
    await expectCode('bad_input', graft(nodes.source, nodes.sink, [part]));
  });
});
