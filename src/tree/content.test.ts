import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { ContentBuilder } from './content-builder.ts';
import type { BuiltContent } from './content-builder.ts';
import { extentPages } from './content-reader.ts';
import { packExtents, unpackExtents } from './extent.ts';
import type { Extent } from './extent.ts';
import { encodeExtentIndex, encodeExtentPage } from './extent-node.ts';
import type { ExtentList } from './extent-node.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { all, chunkId } from './tree.fixture.ts';

const nodes = new MemoryNodes();

/** Positive: a chunk of that number and length. Negative: a hole of that length. */
function build(extents: readonly number[]): BuiltContent {
  const builder = new ContentBuilder(nodes.sink);
  for (const n of extents) {
    if (n < 0) builder.hole(-n);
    else builder.chunk(chunkId(n), n);
  }
  return builder.finish();
}

async function read(file: BuiltContent): Promise<string[]> {
  const packed = await all(extentPages(nodes.source, file));
  return packed.flatMap((page) => Array.from(unpackExtents(page), shown));
}

function shown({ chunk, length }: Extent): string {
  return `${chunk === undefined ? 'hole' : toHex(chunk)} ${length}`;
}

/** Holes that touch as one. */
function merged(extents: readonly number[]): string[] {
  const list: number[] = [];
  for (const n of extents) {
    if (n < 0 && list.at(-1)! < 0) list.push(list.pop()! + n);
    else list.push(n);
  }
  return list.map((n) => shown(n < 0 ? { chunk: undefined, length: -n } : { chunk: chunkId(n), length: n }));
}

it('[T15] any extents are read back', async () => {
  const extent = fc.oneof(fc.integer({ min: 1, max: 2 ** 24 }), fc.integer({ min: -(2 ** 40), max: -1 }));
  await fc.assert(
    fc.asyncProperty(fc.array(extent, { maxLength: 60 }), async (extents) => {
      const file = build(extents);
      expect(file.size).toBe(extents.reduce((sum, n) => sum + Math.abs(n), 0));
      expect(await read(file)).toEqual(merged(extents));
    }),
  );
});

it('[T15] lists of any length are read back', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 9000 }),
      fc.integer({ min: 2, max: 50 }),
      async (count, gap) => {
        const extents = Array.from({ length: count }, (_, n) => (n % gap === 0 ? -1 - n : 1 + n));
        expect(await read(build(extents))).toEqual(merged(extents));
      },
    ),
    { numRuns: 10 },
  );
});

it.each([
  [0, 'inline', 0],
  [1, 'inline', 0],
  [16, 'inline', 0],
  [17, 'listed', 1],
  [64, 'listed', 1],
])('[T15] %i extents are %s and make %i nodes', (count, form, made) => {
  const before = nodes.nodes.size;
  const extents = Array.from({ length: count }, (_, n) => 1000 * count + n + 1);
  expect(build(extents).content.form).toBe(form);
  expect(nodes.nodes.size - before).toBe(made);
});

it('[T15] a hole as long as numbers go is one extent', async () => {
  const file = build([-(2 ** 52), -(2 ** 52) + 1]);
  expect(await read(file)).toEqual([`hole ${2 ** 53 - 1}`]);
});

it('[T15] a file of more bytes than can be counted is refused', () => {
  expect(() => build([-(2 ** 53 - 1), 1])).toThrow(/2\^53/);
});

const hole = (length: number): Extent => ({ chunk: undefined, length });
const data = (count: number): Extent[] =>
  Array.from({ length: count }, (_, n) => ({ chunk: chunkId(n), length: 1 }));
const page = (...extents: Extent[]): ExtentList => ({
  node: nodes.sink.node(encodeExtentPage(packExtents(extents))),
  bytes: extents.reduce((sum, { length }) => sum + length, 0),
});
const index = (level: number, ...items: ExtentList[]): ExtentList => ({
  node: nodes.sink.node(encodeExtentIndex(level, items)),
  bytes: items.reduce((sum, { bytes }) => sum + bytes, 0),
});
const listed = (list: ExtentList, size = list.bytes): BuiltContent => ({
  size,
  content: { form: 'listed', list: list.node },
});
const two = index(1, page(...data(20)), page(...data(30)));

it.each<[string, BuiltContent, number]>([
  ['a size too large', listed(two, 51), 0],
  ['a size too small', listed(page(...data(20)), 19), 0],
  [
    'a page that covers less than its index says',
    listed(index(1, page(...data(20)), { ...page(...data(5)), bytes: 6 })),
    1,
  ],
  ['an index over a single page', listed(index(1, page(...data(20)))), 0],
  ['a level too high', listed(index(3, two, two)), 0],
  ['an index where a page should be', listed(index(1, page(...data(20)), two)), 1],
  ['16 extents', listed(page(...data(16))), 0],
  [
    'holes that touch across pages',
    listed(index(1, page(...data(20), hole(1)), page(hole(1), ...data(3)))),
    1,
  ],
  ['a missing node', listed({ node: chunkId(5) as Sha256, bytes: 9 }), 0],
  [
    'inline extents that do not add up',
    { size: 3, content: { form: 'inline', extents: packExtents(data(2)) } },
    0,
  ],
])('[T16] a list with %s is refused', async (_, file, goodPages) => {
  const seen: Uint8Array[] = [];
  const reading = async () => {
    for await (const extents of extentPages(nodes.source, file)) seen.push(extents);
  };
  await expectCode('integrity', reading());
  expect(seen).toHaveLength(goodPages);
});

it('[T16] an honest list passes, so what was refused was refused for its lie', async () => {
  expect(await read(listed(two))).toHaveLength(50);
});
