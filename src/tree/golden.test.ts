import { expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { ContentBuilder } from './content-builder.ts';
import { digestDirectory, encodeDirectory } from './directory-node.ts';
import type { DirectoryNode } from './directory-node.ts';
import type { TreeRef } from './entry.ts';
import { packExtents } from './extent.ts';
import { encodeExtentIndex, encodeExtentPage } from './extent-node.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { encodeRoot } from './root.ts';
import { files, plant } from './tree.fixture.ts';

/** 32 equal bytes. */
const id = (byte: number): Sha256 => new Uint8Array(32).fill(byte) as Sha256;
const tree: TreeRef = {
  node: id(0xaa),
  digest: id(0xbb),
  summary: { files: 1, directories: 2, symlinks: 3, bytes: 2 ** 40 + 4 },
};
const page: DirectoryNode = {
  kind: 'page',
  level: 0,
  items: [
    { kind: 'directory', name: utf8('d'), mode: 0o755, mtime: -1, tree },
    {
      kind: 'file',
      name: utf8('f'),
      mode: 0o644,
      mtime: 2 ** 50 + 1,
      size: 2 ** 33 + 5,
      content: {
        form: 'inline',
        extents: packExtents([
          { chunk: id(0xcc), length: 5 },
          { chunk: undefined, length: 2 ** 33 },
        ]),
      },
    },
    {
      kind: 'file',
      name: utf8('g'),
      mode: 0,
      mtime: 0,
      size: 70_000,
      content: { form: 'listed', list: id(0xdd) },
    },
    { kind: 'symlink', name: utf8('l'), mode: 0o777, mtime: 3, target: utf8('../t') },
    { kind: 'whiteout', name: utf8('w'), mode: 0, mtime: 0 },
  ],
};
const index: DirectoryNode = {
  kind: 'index',
  level: 1,
  items: [
    { kind: 'subtree', level: 0, name: utf8('a'), tree },
    { kind: 'subtree', level: 0, name: utf8('bc'), tree },
  ],
};

const A = 'aa'.repeat(32);
const B = 'bb'.repeat(32);
const SUMMARY = '0100000000000000 0200000000000000 0300000000000000 0400000000010000';

it.each<[string, Uint8Array, string]>([
  [
    'a directory page',
    encodeDirectory(page),
    `01 01 05000000
     02 ed01 0100 64 ffffffffffffffff ${A} ${B} ${SUMMARY}
     01 a401 0100 66 0100000000000400 0500000002000000 00 02000000 ${'cc'.repeat(32)} 0500000000000000
       ${'00'.repeat(32)} 0000000002000000
     01 0000 0100 67 0000000000000000 7011010000000000 01 ${'dd'.repeat(32)}
     03 ff01 0100 6c 0300000000000000 0400 2e2e2f74
     04 0000 0100 77 0000000000000000`,
  ],
  [
    'a directory index',
    encodeDirectory(index),
    `01 02 01 02000000 0100 61 ${A} ${B} ${SUMMARY} 0200 6263 ${A} ${B} ${SUMMARY}`,
  ],
  [
    'an extent page',
    encodeExtentPage(
      packExtents([
        { chunk: id(0xcc), length: 5 },
        { chunk: undefined, length: 6 },
      ]),
    ),
    `01 03 02000000 ${'cc'.repeat(32)} 0500000000000000 ${'00'.repeat(32)} 0600000000000000`,
  ],
  [
    'an extent index',
    encodeExtentIndex(2, [{ node: id(0xaa), bytes: 2 ** 40 }]),
    `01 04 02 01000000 ${A} 0000000000010000`,
  ],
  ['a root', encodeRoot({ mode: 0o750, mtime: 1, tree }), `e801 0100000000000000 ${A} ${B} ${SUMMARY}`],
])('[T19] the bytes of %s', (_, bytes, hex) => {
  expect(toHex(bytes)).toBe(hex.replace(/\s/g, ''));
});

it('[T19] the digests', () => {
  expect(toHex(digestDirectory(page))).toBe(
    '8a526feb268ad0151fc85f8cc1f1bb95dd2731babac41e2d89f2962456ca9176',
  );
  expect(toHex(digestDirectory(index))).toBe(
    '197abcafce4df3adfdca3747e8dacde73abc27f8df7cba594c1f89643c578d23',
  );
  expect(toHex(digestDirectory({ kind: 'page', level: 0, items: [] }))).toBe(
    '05d8766bd743d23575906613d1cc855de7209ff77eacfeda1b32675b14b6daf3',
  );
});

it('[T19] a directory of 150,000 files', () => {
  const { node, digest } = plant(new MemoryNodes().sink, files(150_000));
  expect(toHex(node)).toBe('f02b5605839c5a361087a857c83b593c9525408e48a12d835c99eb3ed1809d8a');
  expect(toHex(digest)).toBe('c7dbadaf7bd3d551404b20361a334bb1237f5e5293fdb45c725ff4be45a8a531');
});

it('[T19] a file of 40,000 extents', () => {
  const builder = new ContentBuilder(new MemoryNodes().sink);
  const chunk = new Uint8Array(32) as Sha256;
  for (let n = 1; n <= 40_000; n++) {
    // An odd factor, so that the last bytes take every value in turn.
    new DataView(chunk.buffer).setUint32(28, Math.imul(n, 0x9e3779b1), true);
    builder.chunk(chunk.slice() as Sha256, n);
    if (n % 1000 === 0) builder.hole(n);
  }
  const { content } = builder.finish();
  expect(content.form === 'listed' && toHex(content.list)).toBe(
    'a4d0888bd26610a44c25f7d159d47a753913b9bdb1aa90ba91d82189e3a7080e',
  );
});
