import { expect, it } from 'vitest';

import { ByteReader, isStrataError, toHex } from '../base/index.ts';
import { MemoryNodes } from '../testing/memory-nodes.ts';
import { decodeRoot, encodeRoot } from './root.ts';
import { files, plant } from './tree.fixture.ts';

const root = { mode: 0o750, mtime: -5, tree: plant(new MemoryNodes().sink, files(3)) };
const read = (bytes: Uint8Array) => decodeRoot(new ByteReader(bytes, 'root'));

it('[T20] a root is read back', () => {
  const copy = read(encodeRoot(root));
  expect([copy.mode, copy.mtime, copy.tree.summary]).toEqual([root.mode, root.mtime, root.tree.summary]);
  expect(toHex(encodeRoot(copy))).toBe(toHex(encodeRoot(root)));
});

it.each([
  ['more than permission bits', encodeRoot({ ...root, mode: 0o1000 })],
  ['its end cut off', encodeRoot(root).subarray(0, 50)],
])('[T20] a root with %s is refused', (_, bytes) => {
  let error: unknown;
  try {
    read(bytes);
  } catch (caught) {
    error = caught;
  }
  expect(isStrataError(error, 'integrity')).toBe(true);
});
