import { afterAll, describe, expect, it } from 'vitest';

import { sha256, toHex } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { StillHome } from '../testing/snapshots.ts';
import { contents, overwrite } from '../testing/stores.ts';
import { TestDatabases } from '../testing/vault.ts';
import { expectWhole, names, some, sparse } from './collected.fixture.ts';
import { parseName } from './names.ts';
import { verifyStore } from './verify.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async (store?: Store) => StillHome.open(await databases.open(), store);

describe('packs that are missing or damaged', () => {
  it('[V87] come back with the next save of what was in them, and then the store can be collected', async () => {
    for (const kind of ['data', 'tree']) {
      const home = await open();
      await home.save('a', some('content', 30_000));
      const [lost = ''] = await names(home.store, kind);
      await home.store.delete(lost);
      await expectCode('refused', home.collect());
      expect((await verifyStore(home.vault)).problems).toMatchObject([{ code: 'missing', object: lost }]);
      await home.save('a', some('content', 30_000));
      // It is gone, and nothing is lost by that any more.
      expect((await verifyStore(home.vault)).problems).toMatchObject([{ object: lost, paths: [] }]);
      await home.collect();
      await expectWhole(home, some('content', 30_000));
      expect(await home.database.kysely.selectFrom('suspects').selectAll().execute()).toEqual([]);
    }
  });

  it('[V87] hit no path any more, damaged ones too, when a save has stored again what was in them', async () => {
    const home = await open();
    await home.save('a', some('content', 30_000));
    const [hurt = ''] = await names(home.store, 'data');
    const bytes = (await contents(home.store)).get(hurt)!.slice();
    bytes[1000]! ^= 1;
    await overwrite(home.store, hurt, bytes);
    const problems = async () => (await verifyStore(home.vault, { readData: true })).problems;
    expect(await problems()).toMatchObject([{ code: 'damaged', object: hurt, paths: ['a@1:content'] }]);
    await home.save('a', some('content', 30_000));
    expect(await problems()).toMatchObject([{ code: 'damaged', object: hurt, paths: [] }]);
  });

  it('[V87] give way to condemned ones, which are whole', async () => {
    const home = await open();
    await home.save('a', some('content', 30_000));
    const [hurt = ''] = await names(home.store, 'data');
    await home.store.delete(hurt);
    await verifyStore(home.vault);
    await home.save('a', some('content', 30_000));
    const [copy = ''] = await names(home.store, 'data');
    const pack = parseName(copy);
    const id = pack?.kind === 'data' ? toHex(pack.pack) : '';
    const row = {
      id,
      tenant: toHex(home.tenant.id),
      kind: 'data',
      reason: 'dead',
      epoch: 99,
      since: 0,
      size: 1,
    } as const;
    await home.database.kysely.insertInto('condemned').values(row).execute();
    const reader = await (await home.again('after')).tenant.reader();
    const bytes = some('content', 30_000)['content']!;
    expect(Buffer.compare(await reader.chunk(sha256(bytes)), bytes)).toBe(0);
    expect((await verifyStore(home.vault)).problems).toMatchObject([{ object: hurt, paths: [] }]);
  });

  it('[V87] a save of an epoch in which something was lost trusts no tree of it as a whole', async () => {
    const home = await open();
    await home.save('a', some('content'));
    const before = (await home.tenant.beginSave()) satisfies AsyncDisposable;
    await home.store.delete((await names(home.store, 'tree'))[0]!);
    await verifyStore(home.vault);
    await using after = await home.tenant.beginSave();
    expect(after.epoch).toBeGreaterThan(before.epoch);
    await before[Symbol.asyncDispose]();
  });
});

describe('a collection that fails', () => {
  it('[V90] at any step leaves every snapshot whole, and the next one completes it', async () => {
    const clean = await open();
    await sparse(clean);
    await clean.collect();
    const left = (await contents(clean.store)).size;
    let step = 0;
    for (let isOver = false; !isOver; step++) {
      const home = await open();
      const kept = await sparse(home);
      let rest = Infinity;
      /** Fails once, in a call or when it has happened already. */
      const around = async <Value>(run: () => Promise<Value>): Promise<Value> => {
        if (rest-- === 0) throw new Error('the process dies');
        const value = await run();
        if (rest-- === 0) throw new Error('the process dies');
        return value;
      };
      const store: Store = {
        ...home.store,
        put: (name, body, options) => around(() => home.store.put(name, body, options)),
        delete: (name, options) => around(() => home.store.delete(name, options)),
      };
      const database: Database = {
        ...home.database,
        transaction: (fn, options) => around(() => home.database.transaction(fn, options)),
      };
      const broken = await StillHome.open(database, store, 'broken');
      rest = step;
      isOver = await broken.collect().then(
        () => true,
        () => false,
      );
      // What it announced is that of a dead process.
      await home.database.kysely.deleteFrom('intents').execute();
      await expectWhole(home, kept);
      const next = await home.again('next');
      await next.collect();
      await next.collect();
      await expectWhole(home, kept);
      expect((await contents(home.store)).size, `after step ${step}`).toBe(left);
    }
    expect(step).toBeGreaterThan(30);
  }, 120_000);

  it('[V91] has deleted the merged segment of a save that it took for dead, and that one is not put into force', async () => {
    const home = await open();
    const files = Array.from({ length: 4 }, (_, at) => some(`file ${at}`));
    for (const each of files) await home.save('a', each);
    let isDone = false;
    const late = await home.again('late', (store) => ({
      ...store,
      put: async (name, body, options) => {
        const outcome = await store.put(name, body, options);
        if (isDone || parseName(name)?.kind !== 'index') return outcome;
        isDone = true;
        await home.database.kysely.deleteFrom('intents').execute();
        await home.collect();
        return outcome;
      },
    }));
    {
      await using save = await late.tenant.beginSave();
      await save.finish();
    }
    expect(isDone).toBe(true);
    await expectWhole(home, ...files);
  });

  it('[V91] because it was taken for dead puts no segment into force and deletes nothing', async () => {
    for (const call of ['put', 'delete'] as const) {
      const home = await open();
      const kept = await sparse(home);
      let isDone = false;
      const endOthers = async (name: string) => {
        // As another collector does, a day later.
        if (isDone || parseName(name)?.kind !== (call === 'put' ? 'index' : 'head')) return;
        isDone = true;
        await home.database.kysely.deleteFrom('intents').execute();
      };
      const late = await home.again('late', (store) => ({
        ...store,
        put: async (name, body, options) => {
          const outcome = await store.put(name, body, options);
          if (call === 'put') await endOthers(name);
          return outcome;
        },
        delete: async (name, options) => {
          if (call === 'delete') await endOthers(name);
          return store.delete(name, options);
        },
      }));
      const packs = await names(home.store, 'data');
      const before = await home.database.kysely.selectFrom('segments').select('id').execute();
      await expectCode('refused', late.collect());
      expect(isDone).toBe(true);
      if (call === 'put') {
        expect(await home.database.kysely.selectFrom('segments').select('id').execute()).toEqual(before);
        for (const pack of packs) expect(await names(home.store, 'data')).toContain(pack);
      }
      await expectWhole(home, kept);
      await home.collect();
      await expectWhole(home, kept);
    }
  });
});

/** Runs `action` once, when a segment is read. */
function whenRead(store: Store, action: () => Promise<unknown>): Store {
  let isDone = false;
  return {
    ...store,
    async get(name, options) {
      if (!isDone && parseName(name)?.kind === 'index') {
        isDone = true;
        await action();
      }
      return store.get(name, options);
    },
  };
}

describe('what happens while it begins', () => {
  it('[V92] a snapshot that is committed while the index is read is not missed', async () => {
    const home = await open();
    const kept = await sparse(home);
    const other = await home.again('other');
    const slow = await home.again('slow', (store) =>
      whenRead(store, () => other.save('c', some('meanwhile'))),
    );
    await slow.collect();
    await expectWhole(home, kept, some('meanwhile'));
  });

  it('[V92] an index whose reading broke off finds what is condemned all the same', async () => {
    const home = await open();
    await home.save('a', some('condemned'));
    const [pack = ''] = await names(home.store, 'data');
    const first = await home.database.kysely.selectFrom('segments').select('id').executeTakeFirstOrThrow();
    await home.save('a', some('other'));
    const row = { id: pack.slice(-32), tenant: toHex(home.tenant.id), kind: 'data', reason: 'dead' } as const;
    await home.database.kysely
      .insertInto('condemned')
      .values({ ...row, epoch: 1, since: home.now, size: 1 })
      .execute();
    let fails = true;
    const broken = await home.again('broken', (store) => ({
      ...store,
      get: async (name, options) => {
        if (fails && parseName(name)?.kind === 'index' && !name.endsWith(first.id))
          throw new Error('cut off');
        return store.get(name, options);
      },
    }));
    await expect(broken.tenant.index()).rejects.toThrow('cut off');
    fails = false;
    await home.database.kysely.deleteFrom('segments').where('id', '!=', first.id).execute();
    expect((await broken.tenant.index()).data.has(sha256(noise('condemned', 5000)))).toBe(true);
  });
});
