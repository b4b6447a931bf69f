import { expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import type { DirectoryNode } from './directory-node.ts';
import type { TreeRef } from './entry.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { lookup, pages, walk } from './read.ts';
import { all, chunkId, file, flatPage, over, plant, store } from './tree.fixture.ts';

const nodes = new MemoryNodes();

const forge = (node: DirectoryNode) => store(nodes.sink, node);
const ab = forge(flatPage('a', 'b'));
const cd = forge(flatPage('c', 'd'));
const inside = (ref: TreeRef): TreeRef =>
  forge({
    kind: 'page',
    level: 0,
    items: [{ kind: 'directory', name: utf8('dir'), mode: 0, mtime: 0, tree: ref }],
  });

/** Its page of `c` reaches past `e`, where the next index starts. */
const pastItsIndex = forge(
  over(
    2,
    ['a', forge(over(1, ['a', ab], ['c', forge(flatPage('c', 'x'))]))],
    ['e', forge(over(1, ['e', forge(flatPage('e'))], ['f', forge(flatPage('f'))]))],
  ),
);

it.each<[string, TreeRef]>([
  ['a wrong digest', { ...ab, digest: cd.digest }],
  ['a wrong digest below', forge(over(1, ['a', { ...ab, digest: cd.digest }], ['c', cd]))],
  ['a wrong digest in a directory', inside({ ...ab, digest: cd.digest })],
  ['a wrong summary', { ...ab, summary: { ...ab.summary, bytes: 3 } }],
  [
    'a wrong summary below',
    forge(over(1, ['a', { ...ab, summary: { ...ab.summary, files: 9 } }], ['c', cd])),
  ],
  ['an index over a single node', forge(over(1, ['a', ab]))],
  ['a level too high', forge(over(2, ['a', ab], ['c', cd]))],
  ['an index where a page should be', forge(over(1, ['a', forge(over(1, ['a', ab], ['c', cd]))], ['e', cd]))],
  ['a page that starts elsewhere', forge(over(1, ['a', ab], ['bb', cd]))],
  ['a page that reaches into the next', forge(over(1, ['a', forge(flatPage('a', 'd'))], ['c', cd]))],
  ['an empty page below', forge(over(1, ['a', forge(flatPage())], ['c', cd]))],
  ['a range that an index above ends', pastItsIndex],
  ['a missing node', { ...ab, node: chunkId(0) }],
])('[T11] a tree with %s is refused', async (_, ref) => {
  await expectCode('integrity', all(walk(nodes.source, ref)));
});

it('[T11] an honest index passes, so what was refused was refused for its lie', async () => {
  const honest = forge(over(1, ['a', ab], ['c', cd]));
  expect((await all(pages(nodes.source, honest))).flat()).toHaveLength(4);
  expect(await lookup(nodes.source, honest, [utf8('d')])).toBeDefined();
});

it('[T11] a lookup holds nodes to their promises too', async () => {
  const lying = forge(over(1, ['a', ab], ['c', { ...cd, digest: ab.digest }]));
  await expectCode('integrity', lookup(nodes.source, lying, [utf8('d')]));
  await expectCode('integrity', lookup(nodes.source, forge(over(2, ['a', ab], ['c', cd])), [utf8('a')]));
  await expectCode('integrity', lookup(nodes.source, pastItsIndex, [utf8('c')]));
});

it('[T11] a node that changed in its store is refused', async () => {
  const own = new MemoryNodes();
  const ref = plant(own.sink, [[utf8('a'), file(1)]]);
  const [[key, bytes]] = own.nodes as unknown as [[string, Uint8Array]];
  own.nodes.set(key, bytes.with(10, 0xff));
  await expectCode('integrity', all(pages(own.source, ref)));
});
