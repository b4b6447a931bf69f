import { expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { extentPages } from './content-reader.ts';
import { ContentBuilder } from './content-builder.ts';
import { diff } from './diff.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { TreeRef } from './entry.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { displayPath, parsePath } from './path.ts';
import { lookup, pages, walk } from './read.ts';
import { all, chunkId, file, files, flat, pathKey, plant, watched } from './tree.fixture.ts';
import type { Plans } from './tree.fixture.ts';

const nodes = new MemoryNodes();
const folder = (below: Plans) => ({ kind: 'directory' as const, mode: 0o755, mtime: 0, below });
const plans: Plans = [
  [utf8('a'), folder([[utf8('deep'), folder([[utf8('x'), file(1)]])]])],
  [utf8('a.'), file(2)],
  [utf8('big'), folder(files(20_000, 5))],
  [utf8('gone'), { kind: 'whiteout' }],
  [utf8('link'), { kind: 'symlink', mode: 0o777, mtime: 0, target: 'a' }],
];
const tree = plant(nodes.sink, plans);

it.each([
  ['a', 'directory'],
  ['a/deep/x', 'file'],
  ['a.', 'file'],
  ['gone', 'whiteout'],
  ['link', 'symlink'],
  ['big/file 00000005', 'file'],
  ['big/file 00199995', 'file'],
  ['big/file 00100005', 'file'],
  ['big/file 00100006', undefined],
  ['big/A', undefined],
  ['big/z', undefined],
  ['nothing', undefined],
  ['a/nothing', undefined],
  ['a./x', undefined],
  ['link/deep', undefined],
  ['gone/x', undefined],
])('[T12] a lookup of %s finds: %s', async (path, kind) => {
  expect((await lookup(nodes.source, tree, parsePath(path)))?.kind).toBe(kind);
});

it.each([
  ['a', 1],
  ['a/deep/x', 3],
  ['big/file 00150005', 3],
  ['big/A', 2],
  ['nothing/a/b/c', 1],
])('[T12] a lookup of %s reads %i nodes', async (path, count) => {
  const { source, reads } = watched(nodes.source);
  await lookup(source, tree, parsePath(path));
  expect(reads).toHaveLength(count);
});

it('[T12] the root is no entry', async () => {
  await expectCode('bad_input', lookup(nodes.source, tree, []));
});

it('[T13] a walk gives each directory before what it holds, in order', async () => {
  const walked = (await all(walk(nodes.source, tree))).map(({ path }) => pathKey(path));
  expect(walked).toEqual(flat(plans).map(({ path }) => pathKey(path)));
  expect(walked.slice(0, 4).map((key) => key.split('/').length)).toEqual([1, 2, 3, 1]);
});

it('[T13] a walk of nothing gives nothing', async () => {
  expect(await all(walk(nodes.source, plant(nodes.sink, [])))).toEqual([]);
});

/** A chain of directories around a file; its path has `depth` names. */
function chain(depth: number): TreeRef {
  let below = plant(nodes.sink, [[utf8('f'), file(1)]]);
  for (let level = 1; level < depth; level++) {
    const builder = new DirectoryBuilder(nodes.sink);
    builder.add({ kind: 'directory', name: utf8('d'), mode: 0, mtime: 0, tree: below });
    below = builder.finish();
  }
  return below;
}

/** Reads to the end and keeps nothing: the paths of a deep tree are long. */
async function last<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  let latest: T | undefined;
  for await (const item of items) latest = item;
  return latest;
}

it('[T13] 8192 names deep is walked, one more is refused', async () => {
  const found = await last(walk(nodes.source, chain(8192)));
  expect(displayPath(found!.path)).toBe(`${'d/'.repeat(8191)}f`);
  await expectCode('integrity', last(walk(nodes.source, chain(8193))));
  await expectCode('integrity', last(diff(nodes.source, plant(nodes.sink, []), chain(8193))));
});

it('[T14] reading ends when its signal aborts', async () => {
  const signal = AbortSignal.abort();
  const list = new ContentBuilder(nodes.sink);
  for (let n = 0; n < 20; n++) list.chunk(chunkId(n), 1);
  const content = list.finish();
  await expectCode('cancelled', all(pages(nodes.source, tree, { signal })));
  await expectCode('cancelled', all(walk(nodes.source, tree, { signal })));
  await expectCode('cancelled', lookup(nodes.source, tree, parsePath('a'), { signal }));
  await expectCode('cancelled', all(extentPages(nodes.source, content, { signal })));
  await expectCode('cancelled', all(diff(nodes.source, tree, chain(1), { signal })));
});

it('[T14] a walk that has begun ends too', async () => {
  const controller = new AbortController();
  const walking = walk(nodes.source, tree, { signal: controller.signal });
  await walking.next();
  controller.abort();
  await expectCode('cancelled', all(walking));
});
