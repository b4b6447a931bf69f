import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { openTestHome } from '../testing/home.ts';
import { takeFence } from './fence.ts';
import { forgetGone, forkWorkspace, publishAgain, putBack, saveDirectory } from './index.ts';
import { savedTree } from './saved-tree.fixture.ts';

it('[W24] of an original and its replica only that is gone which its own store has lost', async () => {
  await using home = await openTestHome();
  const tree = await savedTree(home);
  const { kysely } = home.world.database;
  const original = await kysely.selectFrom('snapshots').selectAll().executeTakeFirstOrThrow();
  const { tenant, ...workspace } = await kysely
    .selectFrom('workspaces')
    .selectAll()
    .executeTakeFirstOrThrow();
  // As in a database of several regions: the replica has the same id, in a workspace of another tenant.
  const elsewhere = [...tenant].reverse().join('');
  const { id: _, ...row } = await kysely.selectFrom('tenants').selectAll().executeTakeFirstOrThrow();
  await kysely
    .insertInto('tenants')
    .values({ ...row, id: elsewhere, name: 'elsewhere' })
    .execute();
  const replica = [...workspace.id].reverse().join('');
  await kysely
    .insertInto('workspaces')
    .values({ ...workspace, tenant: elsewhere, id: replica })
    .execute();
  await kysely
    .insertInto('snapshots')
    .values({ ...original, workspace: replica })
    .execute();
  const published = async () =>
    (await kysely.selectFrom('snapshots').select(['workspace', 'published']).execute()).map(
      (each) => `${each.workspace === replica ? 'replica' : 'original'} ${each.published}`,
    );
  for await (const { name } of home.store.list('tenants/'))
    if (name.includes('/heads/')) await home.store.delete(name);
  await publishAgain(home.world, {});
  expect((await published()).sort()).toEqual(['original 0', 'replica 1']);
  await kysely.updateTable('snapshots').set({ published: 1 }).execute();
  await forgetGone(home.world, {});
  expect(await published()).toEqual(['replica 1']);
  expect((await saveDirectory(home.world, tree, { workspace: 'web' })).snapshot).toBe(1);
});

it('[W40] nothing is forked from a workspace whose newest head the store has lost, nor put back in it', async () => {
  await using home = await openTestHome();
  const tree = await savedTree(home);
  await saveDirectory(home.world, tree, { workspace: 'web' });
  const { id } = await home.world.database.kysely
    .selectFrom('workspaces')
    .select('id')
    .executeTakeFirstOrThrow();
  const fence = await home.world.database.transaction((tx) => takeFence(tx, id));
  const heads: string[] = [];
  for await (const { name } of home.store.list('tenants/')) if (name.includes('/heads/')) heads.push(name);
  const lost = heads.sort().at(-1)!;
  const bytes = await home.store.get(lost);
  await home.store.delete(lost);
  await expectCode('refused', forkWorkspace(home.world, 'web@1', 'copy'));
  await expectCode('refused', putBack(home.world, 'web@1', { fence }));
  await home.store.put(lost, [bytes]);
  expect((await forkWorkspace(home.world, 'web@1', 'copy')).snapshot).toBe(1);
  expect((await putBack(home.world, 'web@1', { fence })).snapshot).toBe(3);
});
