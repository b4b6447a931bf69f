import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect, openTestHome } from '../testing/home.ts';
import { rebuildIndex } from '../vault/index.ts';
import {
  forkWorkspace,
  listSnapshots,
  listWorkspaces,
  recoverWorkspaces,
  restoreSnapshot,
  saveDirectory,
} from './index.ts';
import { savedTree, tenantOf } from './saved-tree.fixture.ts';

describe('a database that is lost, or older than the store', () => {
  it('[W10] recovers rows from heads and packs alone', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    await saveDirectory(home.world, tree, { workspace: 'web', message: 'second' });
    await forkWorkspace(home.world, 'web@1', 'copy');
    const rows = async () => ({
      log: await listSnapshots(home.database.kysely, tenantOf(home), 'web'),
      fork: await listSnapshots(home.database.kysely, tenantOf(home), 'copy'),
      list: (await listWorkspaces(home.database.kysely, 'default')).map(
        ({ created: _created, ...row }) => row,
      ),
    });
    const before = await rows();
    await home.database.transaction(async (tx) => {
      for (const table of ['snapshots', 'workspaces', 'segments'] as const)
        await tx.deleteFrom(table).execute();
    });
    await rebuildIndex(home.vault.world, home.world.vault);
    expect(await recoverWorkspaces(home.world)).toEqual({ workspaces: 2, snapshots: 3, unreadable: [] });
    expect(await rows()).toEqual(before);
    const fresh = { ...home.world, vault: await home.vault.tenant('default') };
    await restoreSnapshot(fresh, 'web@1', join(home.place, 'back'));
    expect(differences(tree, join(home.place, 'back'))).toEqual([]);
  });

  it('[W10] goes past heads that are damaged, and names them', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    await saveDirectory(home.world, tree, { workspace: 'web' });
    const names = (await collect(home.store.list('tenants/'))).map(({ name }) => name);
    const first = names.find((name) => name.includes('/heads/'))!;
    writeFileSync(join(home.place, 'store', first), 'rubbish');
    await home.database.kysely.deleteFrom('snapshots').execute();
    expect(await recoverWorkspaces(home.world)).toEqual({ workspaces: 1, snapshots: 1, unreadable: [first] });
    const log = await listSnapshots(home.database.kysely, tenantOf(home), 'web');
    expect(log.map(({ snapshot }) => snapshot)).toEqual([2]);
  });

  it('[W12] an older database saves nothing over what the store has, and can catch up', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const kept = await saveDirectory(home.world, tree, { workspace: 'web', message: 'forgotten' });
    await home.database.kysely.deleteFrom('snapshots').where('seq', '=', 2).execute();
    await home.database.kysely.updateTable('workspaces').set({ seq: 1 }).execute();

    await expectCode('refused', saveDirectory(home.world, tree, { workspace: 'web' }));
    const log = () => listSnapshots(home.database.kysely, tenantOf(home), 'web');
    expect((await log()).map(({ snapshot }) => snapshot)).toEqual([1]);

    // As a home that is used from two places would have left it: committed, and never to be published.
    const [only] = await home.database.kysely.selectFrom('snapshots').selectAll().execute();
    const stuck = {
      ...only!,
      id: '0'.repeat(32),
      number: 2,
      seq: 2,
      published: 0,
      message: 'stuck',
    } as const;
    await home.database.kysely.insertInto('snapshots').values(stuck).execute();
    await home.database.kysely.updateTable('workspaces').set({ seq: 2 }).execute();
    await expectCode('refused', saveDirectory(home.world, tree, { workspace: 'web' }));

    await recoverWorkspaces(home.world);
    await saveDirectory(home.world, tree, { workspace: 'web', message: 'after' });
    expect((await log()).map(({ snapshot, message }) => [snapshot, message])).toEqual([
      [4, 'after'],
      [3, 'stuck'],
      [2, 'forgotten'],
      [1, ''],
    ]);
    expect((await log())[2]!.digest).toBe(kept.digest);
    const seqs = (await collect(home.world.vault.heads())).map(({ seq }) => seq);
    expect(seqs).toEqual([1, 2, 3, 4]);
  });

  it('[W12] two workspaces that got one name are both kept', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const { id } = (await home.database.kysely.selectFrom('workspaces').selectAll().execute())[0]!;
    await home.database.kysely.deleteFrom('snapshots').execute();
    await home.database.kysely.deleteFrom('workspaces').execute();
    await saveDirectory(home.world, tree, { workspace: 'web', message: 'again' });
    for (let round = 0; round < 2; round++) await recoverWorkspaces(home.world);
    const names = (await listWorkspaces(home.database.kysely, 'default')).map(({ name }) => name);
    expect(names).toEqual(['web', `web-${id.slice(0, 8)}`]);
  });

  it('[W12] saves at once are not taken for strangers', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const saves = Array.from({ length: 6 }, () => saveDirectory(home.world, tree, { workspace: 'web' }));
    expect((await Promise.all(saves)).map(({ snapshot }) => snapshot).sort()).toEqual([2, 3, 4, 5, 6, 7]);
  });
});
