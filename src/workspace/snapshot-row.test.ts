import { expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import { thrownBy } from '../testing/expect-code.ts';
import { idOf } from '../vault/index.ts';
import type { HeadRecord } from '../vault/index.ts';
import { headOf, rowOf } from './snapshot-row.ts';

const summary = { files: 1, directories: 2, symlinks: 3, bytes: 4 };
const tree = { node: sha256(utf8('node')), digest: sha256(utf8('digest')), summary };

const saved: HeadRecord = {
  workspace: idOf('01'.repeat(16)),
  seq: 9,
  fence: 5,
  name: 'web',
  kind: 'save',
  snapshot: {
    id: idOf('02'.repeat(16)),
    number: 7,
    created: 1_767_225_600_000,
    root: { mode: 0o750, mtime: -6, tree },
    newBytes: 11,
    storedBytes: 12,
    message: 'a word',
    parent: undefined,
  },
};
const forked: HeadRecord = {
  ...saved,
  kind: 'fork',
  snapshot: { ...saved.snapshot, parent: { workspace: idOf('03'.repeat(16)), number: 8 } },
};

const replicated: HeadRecord = { ...forked, kind: 'replica', origin: idOf('04'.repeat(16)) };

/** A row stands in a database of numbers, text and bytes: whatever else it had would be lost there. */
const isPlain = (value: unknown) =>
  value === null || typeof value === 'number' || typeof value === 'string' || value instanceof Uint8Array;

it.each([
  ['a save', saved],
  ['a fork', forked],
  ['a replica', replicated],
])('[W13] %s', (_, head) => {
  const row = rowOf(head, 0);
  expect(Object.values(row).every(isPlain)).toBe(true);
  expect(row.published).toBe(0);
  const workspace = { ...head, replica_of: head.origin === undefined ? null : toHex(head.origin) };
  expect(headOf(workspace, row)).toEqual(head);
  expect(rowOf(headOf(workspace, row), 1)).toEqual({ ...row, published: 1 });
});

it('[W13] a row that is a replica in a workspace that is none is damage, and so is the other way about', () => {
  for (const [head, replica_of] of [
    [replicated, null],
    [saved, '04'.repeat(16)],
  ] as const)
    expect(thrownBy(() => headOf({ ...head, replica_of }, rowOf(head, 0))).code).toBe('integrity');
});
