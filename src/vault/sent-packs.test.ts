import { afterAll, describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { StillHome, storeFiles } from '../testing/snapshots.ts';
import { TestDatabases } from '../testing/vault.ts';
import { MIB, kill, killed, large, rows, sentBy } from './broken-off.fixture.ts';
import { DAY, expectWhole, names, some } from './collected.fixture.ts';
import { parseName } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import type { Save } from './save.ts';
import { destroyTenant } from './tenant-keys.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async () => StillHome.open(await databases.open());

const condemnedIn = async ({ database }: StillHome) =>
  (await database.kysely.selectFrom('condemned').select('id').execute()).map(({ id }) => id);

const nameOf = async ({ store }: StillHome, pack: string) =>
  (await names(store, 'data')).find((name) => name.endsWith(pack));
const newestIntent = async ({ database }: StillHome) =>
  (
    await database.kysely
      .selectFrom('intents')
      .select('id')
      .orderBy('started', 'desc')
      .executeTakeFirstOrThrow()
  ).id;

describe('packs that were sent, and the collector', () => {
  it('[V96] between a crash and the next save it takes them, and nobody takes them over', async () => {
    const home = await open();
    await killed(home, 'dead', large('content'));
    await home.collect(DAY);
    expect(await names(home.store, 'data')).toHaveLength(1);
    expect(await rows(home)).toEqual([]);
    expect((await sentBy(home, 'next', large('content')))['data']).toBeGreaterThan(2 * MIB);
    home.now += DAY;
    await home.collect(DAY);
    expect(await names(home.store, 'data')).toHaveLength(1);
    await expectWhole(home, large('content'));
  });

  it('[V96] what a living save has sent or taken over is not condemned', async () => {
    const home = await open();
    await killed(home, 'dead', large('taken over'));
    const other = await home.again('other');
    const save = await other.tenant.beginSave();
    const files = { ...large('taken over'), ...large('sent') };
    const tree = storeFiles(save.writer, files);
    await save.finish();
    await home.collect();
    const packs = (await names(home.store, 'data')).map((name) => name.slice(-32));
    expect(packs).toHaveLength(2);
    for (const id of await condemnedIn(home)) expect(packs).not.toContain(id);
    await other.commit(save, 'web', tree);
    await home.collect();
    expect((await names(home.store, 'data')).map((name) => name.slice(-32)).sort()).toEqual(packs.sort());
    await expectWhole(home, files);
  });

  it.each(['list', 'get'] as const)(
    '[V96] nor is it if the save begins while a collection is under way: %s',
    async (call) => {
      const home = await open();
      await home.save('kept', some('kept'));
      await killed(home, 'dead', large('content'));
      const [pack = ''] = (await rows(home)).map(({ id }) => id);
      const other = await home.again('other');
      let save: Save | undefined;
      const begin = async () => (save ??= await other.tenant.beginSave());
      // When the collector has listed the packs, or asked for those of living saves too, and has not condemned any.
      const collector = await home.again('collector', (store) => ({
        ...store,
        async *list(prefix, options) {
          yield* store.list(prefix, options);
          if (call === 'list' && prefix.startsWith('tenants/')) await begin();
        },
        async get(name, options) {
          if (call === 'get' && parseName(name)?.kind === 'index') await begin();
          return store.get(name, options);
        },
      }));
      await collector.collect();
      expect(await rows(home)).toMatchObject([{ id: pack }]);
      expect(await condemnedIn(home)).not.toContain(pack);
      await collector.collect();
      const tree = storeFiles(save!.writer, large('content'));
      await other.commit(save!, 'web', tree);
      await home.collect();
      expect(await nameOf(home, pack)).toBeDefined();
      await expectWhole(home, large('content'));
    },
  );

  it('[V96] what was condemned before its save could say that it is stored is not taken over', async () => {
    const home = await open();
    // The collector comes between the pack and its row.
    const slow = await home.again('slow', (store) => ({
      ...store,
      async put(name, body, options) {
        const outcome = await store.put(name, body, options);
        if (parseName(name)?.kind === 'data') await home.collect(DAY);
        return outcome;
      },
    }));
    const save = await slow.tenant.beginSave();
    storeFiles(save.writer, large('content'));
    await save.finish();
    await kill(home);
    const [pack = ''] = await names(home.store, 'data');
    expect(await condemnedIn(home)).toContain(pack.slice(-32));
    expect(await rows(home)).toEqual([]);
    const next = await home.again('next');
    home.now += DAY;
    next.now = home.now;
    const opened = await next.tenant.beginSave();
    const tree = storeFiles(opened.writer, large('content'));
    await home.collect();
    await next.commit(opened, 'web', tree);
    await home.collect();
    await expectWhole(home, large('content'));
  });

  it('[V96] a save that was taken for dead loses what others took over, and they do not', async () => {
    const home = await open();
    const late = await home.again('late');
    const save = await late.tenant.beginSave();
    const tree = storeFiles(save.writer, large('content'));
    await save.finish();
    home.now += DAY;
    const next = await home.again('next');
    next.now = home.now;
    const opened = await next.tenant.beginSave();
    const same = storeFiles(opened.writer, large('content'));
    expect(await rows(home)).toMatchObject([{ intent: await newestIntent(home) }]);
    await home.collect();
    await expectCode('refused', late.commit(save, 'late', tree));
    await next.commit(opened, 'web', same);
    await home.collect();
    expect(await names(home.store, 'data')).toHaveLength(1);
    await expectWhole(home, large('content'));
  });

  it('[V97] nothing is left of rows when the index was rebuilt, or a collection finds their packs in force', async () => {
    const home = await open();
    await killed(home, 'dead', large('content'));
    await rebuildIndex(home.parts, home.tenant);
    expect(await rows(home)).toEqual([]);
    expect((await sentBy(home, 'next', large('content')))['data']).toBeUndefined();
    const [name = ''] = await names(home.store, 'data');
    const row = { id: name.slice(-32), tenant: toHex(home.tenant.id), kind: 'data', intent: 'gone' } as const;
    await home.database.kysely
      .insertInto('sent_packs')
      .values({ ...row, size: 1, sent: 1 })
      .execute();
    await home.collect();
    expect(await rows(home)).toEqual([]);
    await expectWhole(home, large('content'));
  });

  it('[V97] nor when the keys of their tenant are destroyed', async () => {
    const home = await open();
    await killed(home, 'dead', large('content'));
    await destroyTenant(home.vault, 'default');
    expect(await rows(home)).toEqual([]);
  });
});
