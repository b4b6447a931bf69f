import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { asBuffer, isStrataError, toHex, utf8 } from '../base/index.ts';
import { ContentBuilder } from './content-builder.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import type { Entry, TreeRef } from './entry.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { pages, walk } from './read.ts';
import {
  all,
  anyTree,
  chunkId,
  entryOf,
  file,
  fileEntry,
  files,
  flat,
  pathKey,
  plant,
  sorted,
} from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

const digestOf = (plans: Plans): string => toHex(plant(new MemoryNodes().sink, plans).digest);

/** A value with all bytes in hex: which class they are of does not matter. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, plain(below)]));
}

it('[T3] any tree is read back', async () => {
  await fc.assert(
    fc.asyncProperty(anyTree, async (plans) => {
      const nodes = new MemoryNodes();
      const tree = plant(nodes.sink, plans);
      const read = await all(walk(nodes.source, tree));
      const expected = flat(plans);
      expect(read.map(({ path }) => pathKey(path))).toEqual(expected.map(({ path }) => pathKey(path)));
      expect(read.map(({ entry }) => plain(entry))).toEqual(
        expected.map(({ path, plan }) => plain(entryOf(nodes.sink, path.at(-1)!, plan))),
      );
      const count = (kind: Entry['kind']) => read.filter(({ entry }) => entry.kind === kind).length;
      expect(tree.summary).toEqual({
        files: count('file'),
        directories: count('directory'),
        symlinks: count('symlink'),
        bytes: read.reduce((sum, { entry }) => sum + (entry.kind === 'file' ? entry.size : 0), 0),
      });
    }),
  );
});

it('[T3] a directory of any size is read back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 5000 }), async (count) => {
      const nodes = new MemoryNodes();
      const plans = files(count);
      const tree = plant(nodes.sink, plans);
      const read = (await all(pages(nodes.source, tree))).flat();
      expect(read.map(({ name }) => toHex(name))).toEqual(plans.map(([name]) => toHex(name)));
      expect(tree.summary.files).toBe(count);
    }),
    { numRuns: 15 },
  );
});

it.each([Number.MIN_SAFE_INTEGER, -1, 0, 1, 4_102_444_800_000_000, Number.MAX_SAFE_INTEGER])(
  '[T3] the time %i is read back',
  async (mtime) => {
    const nodes = new MemoryNodes();
    const [page] = await all(pages(nodes.source, plant(nodes.sink, [[utf8('a'), file(1, mtime)]])));
    expect(page?.[0]?.mtime).toBe(mtime);
  },
);

it('[T4] equal entries make equal nodes, whatever was built before', () => {
  fc.assert(
    fc.property(anyTree, anyTree, fc.integer({ min: 0, max: 3000 }), (plans, before, count) => {
      const large: Plans = [[utf8('large'), { kind: 'directory', mode: 0, mtime: 0, below: files(count) }]];
      const fresh = new MemoryNodes();
      const used = new MemoryNodes();
      plant(used.sink, before);
      for (const one of [plans, large]) {
        expect(toHex(plant(used.sink, one).node)).toBe(toHex(plant(fresh.sink, one.toReversed()).node));
      }
    }),
    { numRuns: 20 },
  );
});

it('[T5] one entry more or less in a large directory makes few new nodes', () => {
  const count = 20_000;
  const plans = files(count);
  const nodes = new MemoryNodes();
  plant(nodes.sink, plans);
  let total = 0;
  const places = [0, 1, 999, 5000, 10_001, 19_998, count - 1];
  for (const at of places) {
    const known = nodes.nodes.size;
    plant(nodes.sink, plans.toSpliced(at, 1));
    plant(nodes.sink, [...plans, [utf8(`file ${String(at * 10 + 5).padStart(8, '0')}`), file(1)]]);
    total += nodes.nodes.size - known;
  }
  // Each of the two touches its page and the index; now and then a cut moves, and pages up to the next common cut with it.
  expect(total / (places.length * 2)).toBeLessThan(6);
});

const sample: Plans = [
  [utf8('dir'), { kind: 'directory', mode: 0o755, mtime: 1, below: [[utf8('in'), file(5, 2)]] }],
  [utf8('file'), { kind: 'file', mode: 0o644, mtime: 3, chunks: [1, -4] }],
  [utf8('link'), { kind: 'symlink', mode: 0o777, mtime: 4, target: 'file' }],
];
const without = (name: string): Plans => sample.filter(([bytes]) => asBuffer(bytes).toString() !== name);
const instead = (name: string, plan: Plan): Plans => sorted([...without(name), [utf8(name), plan]]);

it('[T6] a digest does not see times', () => {
  const later = (plans: Plans): Plans =>
    plans.map(([name, plan]) => [
      name,
      plan.kind === 'whiteout'
        ? plan
        : plan.kind === 'directory'
          ? { ...plan, mtime: ~(plan.mtime % 1000), below: later(plan.below) }
          : { ...plan, mtime: ~(plan.mtime % 1000) },
    ]);
  fc.assert(
    fc.property(anyTree, (plans) => {
      expect(digestOf(later(plans))).toBe(digestOf(plans));
    }),
  );
  expect(digestOf(later(files(3000)))).toBe(digestOf(files(3000)));
});

it.each<[string, Plans]>([
  [
    'a name',
    [...without('link'), [utf8('lino'), { kind: 'symlink', mode: 0o777, mtime: 4, target: 'file' }]],
  ],
  ['a missing entry', without('file')],
  ['a new entry', [...sample, [utf8('new'), file(1)]]],
  ['a whiteout', [...sample, [utf8('new'), { kind: 'whiteout' }]]],
  ['a kind', instead('link', { kind: 'file', mode: 0o777, mtime: 4, chunks: [] })],
  ['the mode of a file', instead('file', { kind: 'file', mode: 0o645, mtime: 3, chunks: [1, -4] })],
  ['a chunk', instead('file', { kind: 'file', mode: 0o644, mtime: 3, chunks: [2, -3] })],
  ['the length of a hole', instead('file', { kind: 'file', mode: 0o644, mtime: 3, chunks: [1, -5] })],
  ['many chunks', instead('file', { kind: 'file', mode: 0o644, mtime: 3, chunks: Array(40).fill(1) })],
  ['a target', instead('link', { kind: 'symlink', mode: 0o777, mtime: 4, target: 'filf' })],
  [
    'the mode of a directory',
    instead('dir', { kind: 'directory', mode: 0o700, mtime: 1, below: [[utf8('in'), file(5)]] }),
  ],
  [
    'what is below',
    instead('dir', { kind: 'directory', mode: 0o755, mtime: 1, below: [[utf8('in'), file(6)]] }),
  ],
  ['that nothing is below', instead('dir', { kind: 'directory', mode: 0o755, mtime: 1, below: [] })],
])('[T6] a digest sees %s', (_, plans) => {
  expect(digestOf(plans)).not.toBe(digestOf(sample));
});

it('[T6] the digest of a large directory sees its last chunk', () => {
  const plans = files(4000);
  expect(digestOf([...plans.slice(0, -1), [plans.at(-1)![0], file(1)]])).not.toBe(digestOf(plans));
});

const tree: TreeRef = plant(new MemoryNodes().sink, []);
const good = fileEntry('m', 1, 10);
const link: Entry = { kind: 'symlink', name: utf8('m'), mode: 0o777, mtime: 0, target: utf8('t') };
it.each<[string, Entry]>([
  ['an empty name', { ...good, name: utf8('') }],
  ['the name .', { ...good, name: utf8('.') }],
  ['the name ..', { ...good, name: utf8('..') }],
  ['a slash', { ...good, name: utf8('a/b') }],
  ['a NUL', { ...good, name: utf8('a\0') }],
  ['a name of 256 bytes', { ...good, name: new Uint8Array(256).fill(0x61) }],
  ['setuid', { ...good, mode: 0o4755 }],
  ['a negative mode', { ...good, mode: -1 }],
  ['a time past the safe integers', { ...good, mtime: 2 ** 53 }],
  ['half a microsecond', { ...good, mtime: 0.5 }],
  ['a size that its extents do not have', { ...good, size: 11 } as Entry],
  ['an empty target', { ...link, target: utf8('') } as Entry],
  ['a target of 4096 bytes', { ...link, target: new Uint8Array(4096).fill(0x61) } as Entry],
  ['a target with a NUL', { ...link, target: utf8('a\0b') } as Entry],
  ['a whiteout with a mode', { kind: 'whiteout', name: utf8('m'), mode: 1, mtime: 0 }],
  ['a whiteout with a time', { kind: 'whiteout', name: utf8('m'), mode: 0, mtime: 1 }],
])('[T7] a directory with %s is refused', (_, entry) => {
  expectInternal(() => new DirectoryBuilder(new MemoryNodes().sink).add(entry));
});

it.each([
  ['b', 'a'],
  ['a', 'a'],
  ['a.', 'a'],
  ['é', 'z'],
])('[T7] %j before %j is refused', (first, second) => {
  const builder = new DirectoryBuilder(new MemoryNodes().sink);
  builder.add({ kind: 'directory', name: utf8(first), mode: 0, mtime: 0, tree });
  expectInternal(() => builder.add({ kind: 'directory', name: utf8(second), mode: 0, mtime: 0, tree }));
});

it.each([0, -1, 0.5, 16 * 1024 * 1024 + 1])('[T7] a chunk of %d bytes is refused', (length) => {
  expectInternal(() => new ContentBuilder(new MemoryNodes().sink).chunk(chunkId(1), length));
});

it('[T7] a directory of more bytes than can be counted is refused with words for people', () => {
  const builder = new DirectoryBuilder(new MemoryNodes().sink);
  for (const name of ['a', 'b']) {
    const content = new ContentBuilder(new MemoryNodes().sink);
    content.hole(2 ** 53 - 1);
    builder.add({ ...good, name: utf8(name), ...content.finish() } as Entry);
  }
  expect(() => builder.finish()).toThrow(/2\^53/);
});

it('[T8] pages are given away while entries arrive', () => {
  const nodes = new MemoryNodes();
  const builder = new DirectoryBuilder(nodes.sink);
  let added = 0;
  for (const [name, plan] of files(10_000)) {
    builder.add(entryOf(nodes.sink, name, plan));
    added += 1;
    expect(nodes.nodes.size).toBeGreaterThanOrEqual(Math.floor(added / 1024));
  }
});

it('[T8] pages are given away while extents arrive', () => {
  const nodes = new MemoryNodes();
  const builder = new ContentBuilder(nodes.sink);
  for (let n = 1; n <= 10_000; n++) {
    builder.chunk(chunkId(n), n);
    expect(nodes.nodes.size).toBeGreaterThanOrEqual(Math.floor(n / 1024));
  }
});

function expectInternal(run: () => void): void {
  let error: unknown;
  try {
    run();
  } catch (caught) {
    error = caught;
  }
  expect(isStrataError(error, 'internal')).toBe(true);
}
