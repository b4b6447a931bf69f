import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { Pager, nameHash } from './paging.ts';
import { pages } from './read.ts';
import { all, files, plant } from './tree.fixture.ts';

/** FNV-1a and its finish once more, in whole numbers of any size. */
function slowHash(name: Uint8Array): bigint {
  const word = (value: bigint) => BigInt.asUintN(32, value);
  let hash = 0x811c9dc5n;
  for (const byte of name) hash = word((hash ^ BigInt(byte)) * 0x01000193n);
  hash = word((hash ^ (hash >> 16n)) * 0x85ebca6bn);
  hash = word((hash ^ (hash >> 13n)) * 0xc2b2ae35n);
  return hash ^ (hash >> 16n);
}

/** The list cut as the design says it. */
function cut<T>(items: readonly T[], minimum: number, ends: (item: T) => boolean): T[][] {
  const nodes: T[][] = [];
  let node: T[] = [];
  for (const item of items) {
    node.push(item);
    if (node.length === 1024 || (node.length >= minimum && ends(item))) {
      nodes.push(node);
      node = [];
    }
  }
  if (node.length > 0 || nodes.length === 0) nodes.push(node);
  return nodes;
}

it('[T9] names hash as the design says', () => {
  expect(nameHash(utf8(''))).toBe(Number(slowHash(utf8(''))));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 255 }), (name) => {
      expect(nameHash(name)).toBe(Number(slowHash(name)));
    }),
  );
});

it.each([0, 1, 255, 256, 257, 1023, 1024, 1025, 5000, 20_000])(
  '[T9] pages of %i entries end where they should',
  async (count) => {
    const nodes = new MemoryNodes();
    const plans = files(count);
    const sizes = (await all(pages(nodes.source, plant(nodes.sink, plans)))).map((page) => page.length);
    const names = plans.map(([name]) => name);
    const expected = cut(names, 256, (name) => (slowHash(name) & 0xffn) === 0n).map((page) => page.length);
    expect(sizes).toEqual(count === 0 ? [] : expected);
    expect(nodes.nodes.size).toBe(expected.length === 1 ? 1 : expected.length + 1);
  },
);

/** A node as a value: its level and its items. */
interface Node {
  readonly level: number;
  readonly hash: number;
  readonly items: readonly (Node | number)[];
}

const hashOf = (item: Node | number): number => (typeof item === 'number' ? item : item.hash);
const nodeOf = (level: number, items: readonly (Node | number)[]): Node => ({
  level,
  hash: items.length === 0 ? 0 : hashOf(items[0]!),
  items,
});

it('[T9] indexes of every level end where they should, and none stands over a single node', () => {
  const zeroByteOften = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
  const hashes = fc
    .tuple(zeroByteOften, zeroByteOften, zeroByteOften, zeroByteOften)
    .map(([a, b, c, d]) => (a | (b << 8) | (c << 16) | (d << 24)) >>> 0);
  const build = (list: readonly number[], minimum: number): Node => {
    const pager = new Pager<number, Node>({
      minimum,
      hash: hashOf,
      page: (items) => nodeOf(0, items),
      index: (level, items) => nodeOf(level, items),
    });
    for (const hash of list) pager.add(hash);
    return pager.finish();
  };
  const slowly = (items: readonly (Node | number)[], minimum: number, level: number): Node => {
    const ends = (item: Node | number) =>
      Math.floor(hashOf(item) / 2 ** (8 * Math.min(level, 3))) % 256 === 0;
    const nodes = cut(items, minimum, ends).map((node) => nodeOf(level, node));
    return nodes.length === 1 ? nodes[0]! : slowly(nodes, minimum, level + 1);
  };
  let deepest = 0;
  fc.assert(
    fc.property(fc.array(hashes, { maxLength: 400, size: 'max' }), (list) => {
      const top = build(list, 2);
      deepest = Math.max(deepest, top.level);
      expect(top).toEqual(slowly(list, 2, 0));
    }),
  );
  expect(deepest).toBeGreaterThan(3);
  const even = Array.from({ length: 3000 }, () => 0xffffffff);
  expect(build(even, 64)).toEqual(slowly(even, 64, 0));
});
