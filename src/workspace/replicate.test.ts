import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { openTestHome } from '../testing/home.ts';
import type { StillHome } from '../testing/snapshots.ts';
import { TestDatabases } from '../testing/vault.ts';
import { recoverWorkspaces } from './recover.ts';
import { rebuildIndex } from '../vault/index.ts';
import {
  forgetSnapshots,
  forkWorkspace,
  listSnapshots,
  listWorkspaces,
  removeWorkspace,
  replicasOf,
  replicate,
  restoreSnapshot,
  saveDirectory,
} from './index.ts';
import {
  directory,
  expectClean,
  manyFiles,
  rowsOf,
  saveDrawn,
  snapshotsOf,
  twoHomes,
} from './replicate.fixture.ts';
import { savedTree } from './saved-tree.fixture.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const tree = () =>
  directory([
    ['a', manyFiles(3)],
    ['empty', directory()],
    ['large', manyFiles(1500, 100)],
    ['list', { mtime: 5, parts: Array.from({ length: 100 }, (_, at) => at % 40) }],
  ]);

describe('a replica', () => {
  it('[W24] has the number, the id, the time, the message, the digest and all bytes', async () => {
    const { source, target } = await twoHomes(databases);
    await saveDrawn(source, 'web', directory());
    source.now += 1000;
    const saved = await saveDrawn(source, 'web', tree());
    await source.database.kysely.updateTable('snapshots').set({ message: 'a word' }).execute();
    await source.database.kysely.updateTable('workspaces').set({ fence: 7 }).execute();
    target.now += 77_000;
    const result = await replicate(source.world, target.world, 'web');
    const { new_bytes, stored_bytes, ...row } = (await rowsOf(target, 'web'))[0]!;
    const { new_bytes: _new, stored_bytes: _stored, ...original } = saved;
    expect(row).toEqual({
      ...original,
      workspace: row.workspace,
      message: 'a word',
      seq: 1,
      kind: 'replica',
      published: 1,
    });
    expect(result).toMatchObject({
      workspace: 'web',
      snapshot: 2,
      digest: saved.digest,
      files: 1504,
      bytes: saved.bytes,
      newBytes: new_bytes,
      storedBytes: stored_bytes,
      chunks: { needed: 1500 + 3 + 97, sent: 1500 + 3 + 36 },
      already: false,
      lag: { snapshots: 0, seconds: 0 },
    });
    const [workspace] = await target.database.kysely.selectFrom('workspaces').selectAll().execute();
    expect(workspace).toMatchObject({ fence: 7, replica_of: saved.workspace });
    expect(await snapshotsOf(target, 'web')).toEqual(
      new Map([[2, (await snapshotsOf(source, 'web')).get(2)]]),
    );
    await expectClean(target);
  });

  it('[W24] of a directory on the disk is restored as it was', async () => {
    await using source = await openTestHome();
    await using target = await openTestHome();
    const saved = await savedTree(source);
    mkdirSync(join(saved, 'empty'));
    await saveDirectory(source.world, saved, { workspace: 'web' });
    for (const ref of ['web@1', 'web']) await replicate(source.world, target.world, ref);
    const back = join(target.place, 'back');
    const { digest } = await restoreSnapshot(target.world, 'web', back);
    expect(differences(saved, back)).toEqual([]);
    const log = await listSnapshots(target.database.kysely, toHex(target.world.vault.id), 'web');
    expect(log.map(({ snapshot, kind }) => [snapshot, kind])).toEqual([
      [2, 'replica'],
      [1, 'replica'],
    ]);
    expect(digest).toBe(log[0]!.digest);
    const [listed] = await listWorkspaces(target.database.kysely, toHex(target.world.vault.id));
    const [origin] = await listWorkspaces(source.database.kysely, toHex(source.world.vault.id));
    expect([listed?.replicaOf, origin?.replicaOf]).toEqual([origin?.id, undefined]);

    const error = await failureOf(saveDirectory(target.world, saved, { workspace: 'web' }));
    expect(error).toMatchObject({
      code: 'refused',
      message: 'web is a replica of a workspace that lives elsewhere',
    });
    await forkWorkspace(target.world, 'web@1', 'mine');
    await expectCode('refused', forkWorkspace(target.world, 'mine', 'web'));
    writeFileSync(join(saved, 'readme'), 'mine');
    expect((await saveDirectory(target.world, saved, { workspace: 'mine' })).snapshot).toBe(2);
  });

  it('[W24] [W29] does not come to be beneath a save that is under way', async () => {
    await using source = await openTestHome();
    await using target = await openTestHome();
    const saved = await savedTree(source);
    const save = saveDirectory(target.world, saved, {
      workspace: 'web',
      onProgress: () => {},
    });
    const [here, there] = await Promise.allSettled([save, replicate(source.world, target.world, 'web')]);
    const reasons = [here, there].flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
    expect(reasons).toMatchObject([{ code: 'refused' }]);
    expect(await target.database.kysely.selectFrom('snapshots').select('id').execute()).toHaveLength(1);
  });

  it('[W24] can be forgotten and removed, and come again; numbers may have gaps', async () => {
    const { source, target } = await twoHomes(databases);
    // The clock of the other one is ahead, which must not keep this one from collecting.
    source.now += 24 * 60 * 60 * 1000;
    for (const count of [1, 2, 3, 4]) await saveDrawn(source, 'web', manyFiles(count));
    const numbers = async () => (await rowsOf(target, 'web')).map(({ number }) => number);
    for (const number of [4, 1, 3]) await replicate(source.world, target.world, `web@${number}`);
    expect(await numbers()).toEqual([1, 3, 4]);
    await expectCode('refused', forgetSnapshots(target.world, 'web@4'));
    await forgetSnapshots(target.world, 'web@3');
    await target.collect();
    expect(await numbers()).toEqual([1, 4]);
    expect(await replicate(source.world, target.world, 'web@3')).toMatchObject({ already: false });
    expect(await numbers()).toEqual([1, 3, 4]);
    expect(await snapshotsOf(target, 'web')).toEqual(
      new Map([...(await snapshotsOf(source, 'web'))].filter(([number]) => number !== 2)),
    );
    await removeWorkspace(target.world, 'web');
    await target.collect();
    await replicate(source.world, target.world, 'web');
    expect(await numbers()).toEqual([4]);
    await expectClean(target);
  });

  it('[W28] comes back from heads alone, as a replica', async () => {
    const { source, target } = await twoHomes(databases);
    for (const count of [1, 2, 3]) await saveDrawn(source, 'web', manyFiles(count));
    for (const number of [3, 2]) await replicate(source.world, target.world, `web@${number}`);
    const all = async () => ({
      rows: await rowsOf(target, 'web'),
      workspaces: await target.database.kysely
        .selectFrom('workspaces')
        .select(['id', 'name', 'seq', 'fence', 'replica_of'])
        .execute(),
    });
    const before = await all();
    for (const table of ['snapshots', 'workspaces', 'segments'] as const)
      await target.database.kysely.deleteFrom(table).execute();
    await rebuildIndex(target.parts, target.tenant);
    expect(await recoverWorkspaces(target.world)).toMatchObject({ snapshots: 2, unreadable: [] });
    expect(await all()).toEqual(before);
    expect(await replicate(source.world, target.world, 'web')).toMatchObject({ already: true });
    await replicate(source.world, target.world, 'web@1');
    expect((await rowsOf(target, 'web')).map(({ number }) => number)).toEqual([1, 2, 3]);
  });

  it('[W28] keeps its number when the store has another head in its place', async () => {
    const { source, target } = await twoHomes(databases);
    for (const count of [1, 2]) await saveDrawn(source, 'web', manyFiles(count));
    for (const number of [1, 2]) await replicate(source.world, target.world, `web@${number}`);
    // As an older database would have gone on: it knows nothing of the second, and has committed the first as the second head.
    const { kysely } = target.database;
    await kysely.deleteFrom('snapshots').where('number', '=', 2).execute();
    await kysely.updateTable('snapshots').set({ seq: 2, published: 0 }).execute();
    await recoverWorkspaces(target.world);
    expect((await rowsOf(target, 'web')).map(({ number, published }) => [number, published])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    // And a number that another snapshot has in the store.
    await kysely
      .updateTable('snapshots')
      .set({ id: 'f'.repeat(32), published: 0 })
      .where('number', '=', 2)
      .execute();
    await recoverWorkspaces(target.world);
    expect((await rowsOf(target, 'web')).map(({ id }) => id)).toEqual(
      (await rowsOf(source, 'web')).map(({ id }) => id),
    );
  });

  it('[W30] tells how far behind it is', async () => {
    const { source, target } = await twoHomes(databases);
    const third = (await twoHomes(databases)).target;
    for (const count of [1, 2, 3]) {
      await saveDrawn(source, 'web', manyFiles(count));
      source.now += 60_000;
    }
    const { lag } = await replicate(source.world, target.world, 'web@2');
    expect(lag).toEqual({ snapshots: 1, seconds: 60 });
    const placeOf = ({ tenant, database }: StillHome) => ({
      tenant: toHex(tenant.id),
      query: database.kysely,
    });
    const places = [third, target, source].map(placeOf);
    const found = await replicasOf(places, 'web');
    expect(
      found.map(({ place, livesHere, snapshots, lag: behind }) => [
        places.indexOf(place),
        livesHere,
        snapshots.map(({ number }) => number),
        behind,
      ]),
    ).toEqual([
      [1, false, [2], lag],
      [2, true, [1, 2, 3], { snapshots: 0, seconds: 0 }],
    ]);
    expect(await replicasOf([placeOf(target)], 'web')).toMatchObject([{ lag: undefined }]);
    expect(await replicasOf(places, 'none')).toEqual([]);
    await saveDrawn(third, 'web', manyFiles(1));
    await expectCode('conflict', replicasOf(places, 'web'));
  });

  it('[W24] can be replicated on: it stays one of the workspace itself', async () => {
    const { source, target } = await twoHomes(databases);
    const third = (await twoHomes(databases)).source;
    await saveDrawn(source, 'web', tree());
    await replicate(source.world, target.world, 'web');
    await replicate(target.world, third.world, 'web');
    expect(await replicate(source.world, third.world, 'web')).toMatchObject({ already: true });
    await expectCode('refused', replicate(third.world, source.world, 'web'));
    await expectClean(third);
  });
});

describe('what stands in the way', () => {
  it('[W29] a workspace that lives there, a replica of another one, and a history that parted', async () => {
    const { source, target } = await twoHomes(databases);
    const other = (await twoHomes(databases)).source;
    await saveDrawn(target, 'taken', manyFiles(1));
    for (const name of ['taken', 'web']) await saveDrawn(source, name, manyFiles(2));
    await expectCode('refused', replicate(source.world, target.world, 'taken'));
    await expectCode('bad_input', replicate(source.world, source.world, 'web'));
    await expectCode('bad_input', replicate(source.world, target.world, 'web:src'));
    await expectCode('workspace_not_found', replicate(source.world, target.world, 'none'));
    await expectCode('snapshot_not_found', replicate(source.world, target.world, 'web@9'));
    await replicate(source.world, target.world, 'web');
    await saveDrawn(other, 'web', manyFiles(2));
    await expectCode('conflict', replicate(other.world, target.world, 'web'));

    await saveDrawn(source, 'web', manyFiles(3));
    await replicate(source.world, target.world, 'web@2');
    // An older database of the source was put back, and the numbers were given again.
    await source.database.kysely
      .updateTable('snapshots')
      .set({ id: 'f'.repeat(32) })
      .where('number', '=', 2)
      .execute();
    const error = await failureOf(replicate(source.world, target.world, 'web@2'));
    expect(error).toMatchObject({ code: 'conflict', details: { workspace: 'web', snapshot: 2 } });
    await saveDrawn(source, 'web', manyFiles(4));
    await expectCode('conflict', replicate(source.world, target.world, 'web@3'));
    expect(await rowsOf(target, 'web')).toHaveLength(2);
  });

  it('[W29] several at once make one snapshot', async () => {
    const { source, target } = await twoHomes(databases);
    await saveDrawn(source, 'web', tree());
    const second = await target.again('second');
    const results = await Promise.all(
      [target, second, target].map(({ world }) => replicate(source.world, world, 'web')),
    );
    expect(results.map(({ already }) => already).sort()).toEqual([false, true, true]);
    expect(results.map(({ newBytes }) => newBytes > 0).sort()).toEqual([false, false, true]);
    expect(await rowsOf(target, 'web')).toHaveLength(1);
    await expectClean(target);
    expect(await target.database.kysely.selectFrom('intents').selectAll().execute()).toEqual([]);
  });
});
