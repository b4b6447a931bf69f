import { it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect, openTestHome } from '../testing/home.ts';
import { DirectoryBuilder, packExtents } from '../tree/index.ts';
import { addSnapshot, createWorkspace } from './commit.ts';
import { cat } from './read.ts';

it.each([3, 5])('[W9] a tree that says %i of a chunk of four bytes gives no wrong byte', async (length) => {
  await using home = await openTestHome();
  const { world, database } = home;
  await using save = await world.vault.beginSave();
  const chunk = save.writer.chunk(utf8('four'));
  const builder = new DirectoryBuilder(save.writer);
  const content = { form: 'inline', extents: packExtents([{ chunk, length }]) } as const;
  builder.add({ kind: 'file', name: utf8('file'), mode: 0o644, mtime: 0, size: length, content });
  const root = { mode: 0o755, mtime: 0, tree: builder.finish() };
  await save.finish();
  await database.transaction(async (tx) => {
    await save.commit(tx);
    const workspace = await createWorkspace(tx, world, 'web');
    await addSnapshot(tx, world, workspace, 'save', { root, newBytes: 4, storedBytes: 0, message: '' });
  });
  await expectCode('integrity', collect(cat(world, 'web:file')));
});
