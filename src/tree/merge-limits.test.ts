import { expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { subtract } from './delta.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { Root, TreeRef } from './entry.ts';
import { graft } from './graft.ts';
import { MAX_DEPTH } from './limits.ts';
import { layersOf, linesOf, orderOf } from './merge.fixture.ts';
import { mergeConflicts, mergeTrees } from './merge.ts';
import type { MergeLayer, MergePolicy } from './merge-layer.ts';
import { displayPath } from './path.ts';
import { lookup } from './read.ts';
import { selectTree } from './select.ts';
import { entryOf, file, plant } from './tree.fixture.ts';
import { whoWrote } from './who-wrote.ts';

const precedes = orderOf('');

/** `depth` names, the last of which is a file. */
function deep(nodes: MemoryNodes, depth: number, content: number): TreeRef {
  let tree = plant(nodes.sink, [[utf8('f'), file(content)]]);
  for (let left = depth - 1; left > 0; left--) {
    const builder = new DirectoryBuilder(nodes.sink);
    builder.add({ kind: 'directory', name: utf8('d'), mode: 0o755, mtime: 0, tree });
    tree = builder.finish();
  }
  return tree;
}

function rootOf(tree: TreeRef): Root {
  return { mode: 0o755, mtime: 0, tree };
}

function layerOf(tree: TreeRef, writer: number): MergeLayer {
  return { root: rootOf(tree), writer, whiteouts: true };
}

it('[T33] [T34] [T35] as deep as a tree may be', async () => {
  const nodes = new MemoryNodes();
  const { source, sink } = nodes;
  const [one, two] = [1, 2].map((content) => deep(nodes, MAX_DEPTH, content)) as [TreeRef, TreeRef];
  const layers = [layerOf(one, 0), layerOf(two, 1)];
  const merged = await mergeTrees(source, sink, layers, { precedes });
  expect(merged.kind === 'conflicts' && merged.conflicts.map(({ path }) => path.length)).toEqual([MAX_DEPTH]);
  const delta = await subtract(source, sink, two, one);
  expect(toHex(delta.tree.digest)).toBe(toHex(two.digest));
  const { tree } = await selectTree(source, sink, one, [(path) => (path.endsWith('f') ? 'all' : 'enter')]);
  expect(toHex(tree.digest)).toBe(toHex(one.digest));
});

it('[T33] deeper trees are refused by whoever reads that far', async () => {
  const nodes = new MemoryNodes();
  const { source, sink } = nodes;
  const [one, two] = [1, 2].map((content) => deep(nodes, MAX_DEPTH + 1, content)) as [TreeRef, TreeRef];
  await expectCode('integrity', mergeTrees(source, sink, [layerOf(one, 0), layerOf(two, 1)], { precedes }));
  await expectCode('integrity', subtract(source, sink, two, one));
  await expectCode('integrity', selectTree(source, sink, one, [() => 'enter']));
});

it('[T33] [T36] nothing becomes deeper than a tree may be', async () => {
  const nodes = new MemoryNodes();
  const { source, sink } = nodes;
  const separate: MergePolicy = { kind: 'separate', directoryOf: (writer) => utf8(`t${writer}`) };
  const put = async (depth: number) => {
    const layers = [layerOf(deep(nodes, depth, 1), 0)];
    await mergeTrees(source, sink, layers, { policy: separate, precedes });
    await graft(source, sink, [{ root: layers[0]!.root, at: [utf8('x')] }]);
  };
  await put(MAX_DEPTH - 1);
  await expectCode('bad_input', put(MAX_DEPTH));
  const at = Array.from({ length: MAX_DEPTH }, () => utf8('x'));
  await expectCode('bad_input', graft(source, sink, [{ root: rootOf(plant(sink, [])), at }]));
});

it('[T33] damage is told with its path', async () => {
  const nodes = new MemoryNodes();
  const { source, sink } = nodes;
  const told = { a: { b: { x: 1, c: {} } } };
  const layers = layersOf(nodes, [
    ['A', told],
    ['B', { a: { b: { x: 2, c: { z: 1 } } } }],
  ]);
  const trees = layers.map(({ root }) => root.tree) as [TreeRef, TreeRef];
  const b = await lookup(source, trees[0], ['a', 'b'].map(utf8));
  if (b?.kind !== 'directory') throw new Error('a/b is no directory');
  nodes.nodes.delete(toHex(b.tree.node));
  const calls = [
    () => mergeTrees(source, sink, layers, { precedes }),
    () => mergeConflicts(source, layers, { precedes }),
    () => subtract(source, sink, trees[0], trees[1]),
    () => selectTree(source, sink, trees[0], [() => 'enter']),
  ];
  for (const call of calls) {
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'integrity', details: { paths: ['a/b'] } });
    expect(String(error)).toContain('(at a/b)');
  }
  await expectCode('integrity', whoWrote(source, layers, ['a', 'b', 'x'].map(utf8), { precedes }));
});

it('[T33] a lie about what a directory holds is damage', async () => {
  const nodes = new MemoryNodes();
  const tree = plant(nodes.sink, [[utf8('x'), file(1)]]);
  const lies = { ...tree, summary: { ...tree.summary, files: 7 } };
  const layers = [layerOf(lies, 0), layerOf(plant(nodes.sink, []), 1)];
  await expectCode('integrity', mergeTrees(nodes.source, nodes.sink, layers, { precedes }));
});

it('[T33] all of it ends when the signal aborts, also between two names', async () => {
  const nodes = new MemoryNodes();
  const { source, sink } = nodes;
  const layers = layersOf(nodes, [
    ['A', { x: { y: 1 } }],
    ['B', { x: { y: 2 } }],
  ]);
  const [a, b] = layers.map(({ root }) => root.tree) as [TreeRef, TreeRef];
  const signal = AbortSignal.abort();
  await expectCode('cancelled', mergeTrees(source, sink, layers, { precedes, signal }));
  await expectCode('cancelled', whoWrote(source, layers, [utf8('x')], { precedes, signal }));
  await expectCode('cancelled', subtract(source, sink, a, b, { signal }));
  await expectCode('cancelled', selectTree(source, sink, a, [() => 'enter'], { signal }));
  await expectCode(
    'cancelled',
    graft(
      source,
      sink,
      layers.map(({ root }) => ({ root, at: [] })),
      { signal },
    ),
  );

  const many = Array.from({ length: 20_000 }, (_, at) => utf8(`f ${String(at).padStart(5, '0')}`));
  const tree = (writer: number): TreeRef => {
    const builder = new DirectoryBuilder(sink);
    for (const name of many) builder.add(entryOf(sink, name, file(writer)));
    return builder.finish();
  };
  const stop = new AbortController();
  // Every await of the merge is settled already: a timer comes only if it lets one.
  setImmediate(() => stop.abort());
  const merge = mergeTrees(source, sink, [layerOf(tree(0), 0), layerOf(tree(1), 1)], {
    precedes,
    signal: stop.signal,
  });
  await expectCode('cancelled', merge);
});

it('[T33] a merge of names that no text can show is no danger', async () => {
  const nodes = new MemoryNodes();
  const layers = layersOf(nodes, [
    ['A', { __proto__x: 1, constructor: 1 }],
    ['B', { toString: 2, constructor: 2 }],
  ]);
  const found = await mergeTrees(nodes.source, nodes.sink, layers, { precedes });
  expect(found.kind === 'conflicts' && found.conflicts.map(({ path }) => displayPath(path))).toEqual([
    'constructor',
  ]);
  expect(await linesOf(nodes, layers[0]!.root.tree)).toBe('__proto__x=1 constructor=1');
});
