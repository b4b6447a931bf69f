import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ByteWriter, StrataError, equalBytes, isStrataError, utf8 } from '../base/index.ts';
import { decodeDirectory, encodeDirectory } from './directory-node.ts';
import type { DirectoryNode, Subtree } from './directory-node.ts';
import type { Entry } from './entry.ts';
import { packExtents } from './extent.ts';
import type { Extent } from './extent.ts';
import { decodeExtents, encodeExtentIndex, encodeExtentPage } from './extent-node.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';

import { anyTree, chunkId, entryOf, fileEntry, files, plant } from './tree.fixture.ts';

const id = chunkId(0);
const nodes = new MemoryNodes();
const tree = plant(nodes.sink, files(3));

/** What decoding says, apart from a decoded node. */
function outcome(decode: () => unknown): string {
  try {
    decode();
    return 'decoded';
  } catch (error) {
    if (error instanceof StrataError) return error.code;
    throw error;
  }
}

function page(count: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter().u8(1).u8(1).u32(count);
  write(writer);
  return writer.finish();
}

const encoded = (...items: Entry[]) => encodeDirectory({ kind: 'page', level: 0, items });
const inline = (size: number, ...extents: Extent[]): Entry => ({
  kind: 'file',
  name: utf8('f'),
  mode: 0,
  mtime: 0,
  size,
  content: { form: 'inline', extents: packExtents(extents) },
});
const link = (target: Uint8Array): Entry => ({
  kind: 'symlink',
  name: utf8('l'),
  mode: 0,
  mtime: 0,
  target,
});
const named = (name: Uint8Array): Entry => ({ ...fileEntry('x', 1, 1), name });
const hole = (length: number): Extent => ({ chunk: undefined, length });
const data = (length: number): Extent => ({ chunk: chunkId(1), length });
const subtree = (name: string, level = 0): Subtree => ({ kind: 'subtree', level, name: utf8(name), tree });
const index = (level: number, ...items: Subtree[]) => encodeDirectory({ kind: 'index', level, items });
const many = files(1025).map(([name, plan]) => entryOf(nodes.sink, name, plan));

it.each<[string, Uint8Array]>([
  ['nothing', new Uint8Array(0)],
  ['a version alone', Uint8Array.of(1)],
  ['an unknown kind of node', Uint8Array.of(1, 9, 0, 0, 0, 0)],
  ['a page of extents', encodeExtentPage(packExtents([data(1)]))],
  ['a count without entries', page(1, () => {})],
  ['a huge count', page(0xffffffff, () => {})],
  ['1025 entries', encoded(...many)],
  ['a byte too many', page(0, (writer) => writer.u8(0))],
  ['a byte too few', encoded(fileEntry('a', 1, 1)).slice(0, -1)],
  ['an unknown kind of entry', page(1, (writer) => writer.u8(5).u16(0).short(utf8('a')).i64(0))],
  ['an unknown form of content', page(1, (w) => w.u8(1).u16(0).short(utf8('a')).i64(0).u64(0).u8(2).u32(0))],
  ['names out of order', encoded(fileEntry('b', 1, 1), fileEntry('a', 1, 1))],
  ['a name twice', encoded(fileEntry('a', 1, 1), fileEntry('a', 2, 2))],
  ['an empty name', encoded(named(utf8('')))],
  ['the name .', encoded(named(utf8('.')))],
  ['the name ..', encoded(named(utf8('..')))],
  ['a path as a name', encoded(named(utf8('../../etc/passwd')))],
  ['an absolute name', encoded(named(utf8('/etc')))],
  ['a name with a NUL', encoded(named(utf8('a\0')))],
  ['a name of 256 bytes', encoded(named(new Uint8Array(256).fill(0x61)))],
  ['setuid', encoded({ ...fileEntry('a', 1, 1), mode: 0o4755 })],
  ['an impossible time', page(1, (w) => w.u8(4).u16(0).short(utf8('a')).u32(0).u32(0x7fffffff))],
  [
    'an impossible size',
    page(1, (w) => w.u8(1).u16(0).short(utf8('a')).i64(0).u32(0).u32(0x7fffffff).u8(0).u32(0)),
  ],
  ['an empty target', encoded(link(utf8('')))],
  ['a target of 4096 bytes', encoded(link(new Uint8Array(4096).fill(0x61)))],
  ['a target with a NUL', encoded(link(utf8('a\0')))],
  ['a whiteout with a mode', encoded({ kind: 'whiteout', name: utf8('w'), mode: 1, mtime: 0 })],
  ['extents below the size', encoded(inline(2, data(1)))],
  ['extents above the size', encoded(inline(0, data(1)))],
  ['an empty extent', encoded(inline(1, data(0), data(1)))],
  ['holes that touch', encoded(inline(2, hole(1), hole(1)))],
  ['a chunk over 16 MiB', encoded(inline(2 ** 24 + 1, data(2 ** 24 + 1)))],
  ['a hole past the numbers', encoded(inline(2 ** 53 - 1, hole(2 ** 60)))],
  ['17 extents in an entry', encoded(inline(17, ...Array.from({ length: 17 }, () => data(1))))],
  ['an index of level 0', index(0, subtree('a'), subtree('b'))],
  ['an index of level 9', index(9, subtree('a', 8), subtree('b', 8))],
  ['an index over nothing', index(1)],
  ['an index out of order', index(1, subtree('b'), subtree('a'))],
  ['an index with a path', index(1, subtree('a/b'), subtree('c'))],
])('[T10] %s is no directory', (_, bytes) => {
  expect(outcome(() => decodeDirectory(id, bytes))).toBe('integrity');
});

it.each<[string, Uint8Array]>([
  ['a directory', encoded()],
  ['a page of nothing', encodeExtentPage(new Uint8Array(0))],
  ['1025 extents', encodeExtentPage(packExtents(Array.from({ length: 1025 }, () => data(1))))],
  ['a byte too many', Uint8Array.of(...encodeExtentPage(packExtents([data(1)])), 0)],
  ['holes that touch', encodeExtentPage(packExtents([hole(1), hole(1)]))],
  ['an index over nothing', encodeExtentIndex(1, [])],
  ['an index of level 0', encodeExtentIndex(0, [{ node: id, bytes: 1 }])],
  [
    'an index past the numbers',
    encodeExtentIndex(1, [
      { node: id, bytes: 2 ** 53 - 1 },
      { node: id, bytes: 1 },
    ]),
  ],
])('[T10] %s is no list of extents', (_, bytes) => {
  expect(outcome(() => decodeExtents(id, bytes))).toBe('integrity');
});

it('[T10] a node of another version says so', () => {
  const bytes = encoded().slice();
  bytes[0] = 2;
  expect(outcome(() => decodeDirectory(id, bytes))).toBe('unsupported_format');
  expect(outcome(() => decodeExtents(id, bytes))).toBe('unsupported_format');
});

/** One or a few bytes of `bytes` changed, or its end cut off. */
function mutated(
  bytes: Uint8Array,
  edits: readonly (readonly [number, number])[],
  length: number,
): Uint8Array {
  const changed = bytes.slice(0, Math.max(1, Math.round(bytes.length * length)));
  // The version stays: another one is not damage.
  for (const [at, value] of edits) changed[1 + Math.floor(at * (changed.length - 1))] = value;
  return changed;
}

const edits = fc.array(
  fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.integer({ min: 0, max: 255 })),
  { minLength: 1, maxLength: 4 },
);
const keptLength = fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true }));

it('[T10] bytes that changed are refused, or are a node that encodes to them', () => {
  const directories = fc.oneof(
    anyTree.map((plans) =>
      encoded(
        ...files(2)
          .concat(plans)
          .toSorted(([a], [b]) => Buffer.compare(a, b))
          .map(([name, plan]) => entryOf(nodes.sink, name, plan)),
      ),
    ),
    fc.constant(index(1, subtree('a'), subtree('b'), subtree('c'))),
  );
  fc.assert(
    fc.property(directories, edits, keptLength, (bytes, changes, length) => {
      const changed = mutated(bytes, changes, length);
      let node: DirectoryNode;
      try {
        node = decodeDirectory(id, changed);
      } catch (error) {
        expect(isStrataError(error, 'integrity')).toBe(true);
        return;
      }
      expect(equalBytes(encodeDirectory(node), changed)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

it('[T10] lists of extents that changed are refused, or still a list', () => {
  const lists = fc.constantFrom(
    encodeExtentPage(packExtents([data(1), hole(2), data(3)])),
    encodeExtentIndex(2, [
      { node: id, bytes: 5 },
      { node: chunkId(1), bytes: 6 },
    ]),
  );
  fc.assert(
    fc.property(lists, edits, keptLength, (bytes, changes, length) => {
      expect(['integrity', 'decoded']).toContain(
        outcome(() => decodeExtents(id, mutated(bytes, changes, length))),
      );
    }),
    { numRuns: 1000 },
  );
});

it('[T10] any bytes at all are no danger', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 4 }), (bytes, kind) => {
      const node = Uint8Array.of(1, kind, ...bytes);
      outcome(() => decodeDirectory(id, node));
      outcome(() => decodeExtents(id, node));
    }),
    { numRuns: 1000 },
  );
});
