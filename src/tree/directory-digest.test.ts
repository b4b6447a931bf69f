import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { ByteWriter, sha256, toHex, utf8 } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { DirectoryBuilder } from './directory-builder.ts';
import { digestDirectory } from './directory-node.ts';
import type { DirectoryNode } from './directory-node.ts';
import { KIND_CODES } from './entry.ts';
import type { Entry } from './entry.ts';
import { EXTENT_BYTES } from './extent.ts';
import { anyTree, entryOf, file, files, over, plant, sorted } from './tree.fixture.ts';
import type { Plan, Plans } from './tree.fixture.ts';

/** Word by word as docs/design.md 3.5 has it, over the values. */
function plainDigest(node: DirectoryNode): string {
  const writer = new ByteWriter();
  if (node.kind === 'index') {
    writer.bytes(utf8('strata index v1')).u8(node.level).u32(node.items.length);
    for (const { tree } of node.items) writer.bytes(tree.digest);
  } else {
    writer.bytes(utf8('strata page v1')).u32(node.items.length);
    for (const entry of node.items) writePlain(writer, entry);
  }
  return toHex(sha256(writer.finish()));
}

function writePlain(writer: ByteWriter, entry: Entry): void {
  writer.u8(KIND_CODES[entry.kind]).u16(entry.mode).short(entry.name);
  if (entry.kind === 'directory') writer.bytes(entry.tree.digest);
  if (entry.kind === 'symlink') writer.short(entry.target);
  if (entry.kind !== 'file') return;
  writer.u64(entry.size);
  const { content } = entry;
  if (content.form === 'listed') writer.u8(1).bytes(content.list);
  else
    writer
      .u8(0)
      .u32(content.extents.length / EXTENT_BYTES)
      .bytes(content.extents);
}

const nodes = new MemoryNodes();

/** Names and targets on both sides of each length that is treated in its own way. */
const long: Plans = [1, 63, 64, 65, 255].flatMap((length): [Uint8Array, Plan][] => [
  [new Uint8Array(length).fill(0x61), file(length)],
  [
    new Uint8Array(length).fill(0x62),
    { kind: 'symlink', mode: 0o777, mtime: 1, target: 'x'.repeat(length * 16) },
  ],
  [
    new Uint8Array(length).fill(0x63),
    { kind: 'file', mode: 0o600, mtime: 1, chunks: Array(Math.min(length, 40)).fill(2) },
  ],
]);

it('[T6] a digest covers what docs/design.md says, to the byte', () => {
  const pages = anyTree.map((plans): DirectoryNode => page(plans));
  const examples: [DirectoryNode][] = [[page([])], [page(sorted(long))], [page(files(1000))]];
  fc.assert(
    fc.property(pages, (node) => {
      expect(toHex(digestDirectory(node))).toBe(plainDigest(node));
    }),
    { examples },
  );
  const below = plant(nodes.sink, files(3));
  const index = over(2, ['a', below], ['b'.repeat(200), plant(nodes.sink, long)]);
  expect(toHex(digestDirectory(index))).toBe(plainDigest(index));
});

function page(plans: Plans): DirectoryNode {
  return {
    kind: 'page',
    level: 0,
    items: sorted(plans).map(([name, plan]) => entryOf(nodes.sink, name, plan)),
  };
}

it('[T21] builders that take turns, and a sink that builds, make the nodes that each would make alone', () => {
  const alone = [files(2500), files(2500, 7)].map((plans) => plant(nodes.sink, plans));
  const kept = new MemoryNodes();
  const nosy = {
    node: (bytes: Uint8Array) => {
      const id = kept.sink.node(bytes);
      plant(kept.sink, [[utf8('other'), file(bytes.length)]]);
      return id;
    },
  };
  const builders = alone.map(() => new DirectoryBuilder(nosy));
  for (let n = 0; n < 2500; n++) {
    builders[0]!.add(entryOf(nosy, files(1, n * 10)[0]![0], file(n)));
    builders[1]!.add(entryOf(nosy, files(1, n * 10 + 7)[0]![0], file(n)));
  }
  expect(builders.map((builder) => builder.finish())).toEqual(alone);
});
