import { afterAll, describe, expect, it } from 'vitest';

import { sha256, toHex } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { StillHome, storeFiles } from '../testing/snapshots.ts';
import type { SavedContent } from '../testing/snapshots.ts';
import { contents } from '../testing/stores.ts';
import { ROOT, TestDatabases } from '../testing/vault.ts';
import { adoptTenants } from './adopt.ts';
import { parseName } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;

const open = async (store?: Store) => StillHome.open(await databases.open(), store);
const some = (seed: string, length = 5000): SavedContent => ({ [seed]: noise(seed, length) });

/** Takes a snapshot out of the database, as forgetting it does. */
async function forget({ database, tenant, now }: StillHome, { id }: { readonly id: string }): Promise<void> {
  await database.transaction(async (tx) => {
    const { workspace, seq } = await tx
      .deleteFrom('snapshots')
      .where('id', '=', id)
      .returning(['workspace', 'seq'])
      .executeTakeFirstOrThrow();
    await tx
      .insertInto('removed_heads')
      .values({ tenant: toHex(tenant.id), workspace, seq, removed: now })
      .execute();
  });
}

async function names(store: Store, kind: string): Promise<string[]> {
  return [...(await contents(store)).keys()].filter((name) => parseName(name)?.kind === kind);
}

async function storedBytes(store: Store): Promise<number> {
  return [...(await contents(store)).values()].reduce((sum, { length }) => sum + length, 0);
}

/** Everything is whole, and each of these files is there. */
async function expectWhole(home: StillHome, ...files: readonly SavedContent[]): Promise<void> {
  const fresh = await home.again(`fresh ${files.length} ${home.parts.random(4).join()}`);
  expect((await verifyStore(fresh.vault, { readData: true })).problems).toEqual([]);
  const reader = await fresh.tenant.reader();
  for (const bytes of files.flatMap((each) => Object.values(each)))
    expect(Buffer.compare(await reader.chunk(sha256(bytes)), bytes)).toBe(0);
}

describe('a collection', () => {
  it('[V80] takes what no snapshot needs, and nothing else', async () => {
    const home = await open();
    const gone = await home.save('a', some('gone', 3_000_000));
    await home.save('b', some('kept'));
    await forget(home, gone);
    const collected = await home.collect();
    expect(collected.waiting).toEqual([]);
    expect(collected.deletedObjects).toBeGreaterThan(0);
    await expectWhole(home, some('kept'));
    expect(await storedBytes(home.store)).toBeLessThan(20_000);
    expect(await names(home.store, 'head')).toHaveLength(1);
  });

  it('[V80] waits for the margin, and says so', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.save('a', some('kept'));
    const { waiting, deletedObjects } = await home.collect(HOUR);
    expect(waiting).toMatchObject([{ for: 'margin', objects: 2, until: home.now + HOUR }]);
    // The head of what was forgotten, which nobody can need.
    expect(deletedObjects).toBe(1);
    home.now += HOUR - 1;
    expect((await home.collect(HOUR)).deletedObjects).toBe(0);
    home.now += 1;
    expect((await home.collect(HOUR)).deletedObjects).toBe(2);
    await expectWhole(home, some('kept'));
  });

  it('[V81] leaves at most a quarter more than what is needed, whatever was saved and forgotten', async () => {
    const home = await open();
    const kept: { readonly row: { readonly id: string }; readonly files: SavedContent }[] = [];
    for (let round = 0; round < 24; round++) {
      const files: Record<string, Uint8Array> = {};
      for (let at = 0; at < 12; at++) {
        const which = (round * 7 + at * 5) % 40;
        files[`f${which}`] = noise(`file ${which} ${round % 3}`, 20_000 + which * 1000);
      }
      kept.push({ row: await home.save('a', files), files });
      if (round % 2 === 1) await forget(home, kept.splice((round * 5) % (kept.length - 1), 1)[0]!.row);
      if (round % 5 === 4) await home.collect();
    }
    await home.collect();
    await expectWhole(home, ...kept.map(({ files }) => files));
    const { liveBytes, rewrittenBytes } = await home.collect(0, true);
    expect(await storedBytes(home.store)).toBeLessThan(1.25 * liveBytes);
    expect(rewrittenBytes).toBe(0);
  });

  it('[V82] that is only tried out changes nothing', async () => {
    const home = await open();
    const gone = await home.save('a', some('gone'));
    await home.save('a', some('kept'));
    await forget(home, gone);
    const before = await contents(home.store);
    const { condemned, deletedObjects } = await home.collect(0, true);
    expect(condemned.dead.objects).toBe(2);
    expect(deletedObjects).toBe(0);
    expect(await contents(home.store)).toEqual(before);
    expect(await home.database.kysely.selectFrom('condemned').selectAll().execute()).toEqual([]);
    const { epoch } = await home.database.kysely
      .selectFrom('tenants')
      .select('epoch')
      .executeTakeFirstOrThrow();
    expect(epoch).toBe(1);
  });

  it('[V84] keeps what a save of an earlier epoch refers to, and gives it back when that commits', async () => {
    const home = await open();
    const other = await home.again('other');
    const gone = await home.save('a', some('shared', 50_000));
    await using save = await other.tenant.beginSave();
    const tree = storeFiles(save.writer, some('shared', 50_000));
    await forget(home, gone);
    const { waiting } = await home.collect();
    expect(waiting).toMatchObject([{ for: 'save' }]);
    await other.commit(save, 'b', tree);
    await home.collect();
    expect(await home.database.kysely.selectFrom('condemned').selectAll().execute()).toEqual([]);
    await expectWhole(home, some('shared', 50_000));
  });

  it('[V84] a save of the new epoch does not refer to what is condemned', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('shared', 50_000)));
    await home.collect(HOUR);
    const row = await home.save('b', some('shared', 50_000));
    expect(row.new_bytes).toBe(50_000);
    home.now += HOUR;
    expect((await home.collect(HOUR)).deletedObjects).toBeGreaterThan(0);
    await expectWhole(home, some('shared', 50_000));
  });

  it('[V85] takes a save for dead that has expired, and refuses its commit', async () => {
    const home = await open();
    const other = await home.again('other');
    await using save = await other.tenant.beginSave();
    const tree = storeFiles(save.writer, some('late'));
    await save.finish();
    home.now += DAY;
    await home.collect();
    expect(await names(home.store, 'data')).toEqual([]);
    await expectCode('refused', other.commit(save, 'b', tree));
    await expectWhole(home);
  });

  it('[V85] takes a save for dead whose process is gone', async () => {
    const home = await open();
    const other = await home.again('other');
    const save = await other.tenant.beginSave();
    const tree = storeFiles(save.writer, some('dead'));
    await save.finish();
    const { holder } = await home.database.kysely
      .selectFrom('intents')
      .select('holder')
      .executeTakeFirstOrThrow();
    const [, , ...place] = holder.split('-');
    await home.database.kysely
      .updateTable('intents')
      .set({ holder: ['999999999', '1', ...place].join('-') })
      .execute();
    expect((await home.collect()).waiting).toEqual([]);
    expect(await names(home.store, 'data')).toEqual([]);
    await expectCode('refused', other.commit(save, 'b', tree));
    await save[Symbol.asyncDispose]();
  });

  it('[V86] keeps what a reader began to read', async () => {
    const home = await open();
    const gone = await home.save('a', some('read'));
    await using pin = await (await home.again('reader')).tenant.pin();
    const source = await pin.source();
    await forget(home, gone);
    expect((await home.collect()).waiting).toMatchObject([{ for: 'read' }]);
    expect(await source.chunk(sha256(noise('read', 5000)))).toHaveLength(5000);
    await pin[Symbol.asyncDispose]();
    expect((await home.collect()).waiting).toEqual([]);
    expect(await names(home.store, 'data')).toEqual([]);
  });

  it('[V86] a verification holds up all deletion', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.collect(HOUR);
    home.now += HOUR;
    const slow: Store = {
      ...home.store,
      async *list(prefix, options) {
        if (prefix === '') expect((await home.collect(HOUR)).waiting).toMatchObject([{ for: 'read' }]);
        yield* home.store.list(prefix, options);
      },
    };
    const watcher = await home.again('verifying', () => slow);
    expect((await verifyStore(watcher.vault, { readData: true })).problems).toEqual([]);
    expect((await home.collect(HOUR)).waiting).toEqual([]);
  });

  it('[V89] takes what saves left that were given up', async () => {
    const home = await open();
    {
      await using save = await home.tenant.beginSave();
      storeFiles(save.writer, some('given up', 100_000));
      await save.finish();
    }
    const { condemned } = await home.collect();
    expect(condemned.orphan.objects).toBe(3);
    for (const kind of ['data', 'tree', 'index', 'intent']) expect(await names(home.store, kind)).toEqual([]);
  });

  it('[V89] goes on where another one was cut off, also when the index was rebuilt between', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.save('a', some('kept'));
    const broken = await home.again('broken', (store) => ({
      ...store,
      delete: async (name) => {
        if (parseName(name)?.kind === 'data') throw new Error('the process dies');
        return store.delete(name);
      },
    }));
    await expect(broken.collect()).rejects.toThrow('the process dies');
    await rebuildIndex(home.parts, home.tenant);
    await expectWhole(home, some('kept'));
    await home.collect();
    expect(await names(home.store, 'data')).toHaveLength(1);
    await expectWhole(home, some('kept'));
  });
});

describe('what stops a collection', () => {
  /** A store with something to delete in it. */
  async function begin() {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.save('a', some('kept'));
    return home;
  }

  const cases: readonly (readonly [what: string, spoil: (home: StillHome) => Promise<StillHome | void>])[] = [
    [
      'a head that the database does not know',
      async (home) => {
        await home.save('b', some('unknown'));
        await home.database.kysely.deleteFrom('snapshots').where('number', '=', 1).execute();
      },
    ],
    ['a head that is not listed', async ({ store }) => store.delete((await names(store, 'head')).at(-1)!)],
    ['a pack that is missing', async ({ store }) => store.delete((await names(store, 'data')).at(-1)!)],
    ['a segment that is missing', async ({ store }) => store.delete((await names(store, 'index')).at(-1)!)],
    ['a clock that is behind', async (home) => void (home.now -= DAY)],
    [
      'another collector',
      async (home) => {
        await home.database.kysely
          .insertInto('intents')
          .values({
            id: 'f'.repeat(32),
            tenant: toHex(home.tenant.id),
            kind: 'collect',
            epoch: 1,
            holder: 'elsewhere',
            started: home.now,
            expires: home.now + DAY,
          })
          .execute();
      },
    ],
    [
      'a listing that ends in an error',
      (home) =>
        home.again('listing', (store) => ({
          ...store,
          async *list(prefix, options) {
            yield* store.list(prefix, options);
            if (prefix.startsWith('tenants/')) throw new Error('the listing broke off');
          },
        })),
    ],
  ];

  it.each(cases)('[V83] %s: nothing is deleted', async (_, spoil) => {
    const home = await begin();
    const spoiled = (await spoil(home)) ?? home;
    const before = [...(await contents(home.store)).keys()].filter(
      (name) => parseName(name)?.kind !== 'intent',
    );
    await expect(spoiled.collect()).rejects.toThrow();
    const after = new Set((await contents(home.store)).keys());
    expect(before.filter((name) => !after.has(name))).toEqual([]);
    expect(await home.database.kysely.selectFrom('condemned').selectAll().execute()).toEqual([]);
  });

  it('[V83] a tree that cannot be read: nothing is deleted', async () => {
    const home = await begin();
    const [first = ''] = await names(home.store, 'tree');
    for (const name of await names(home.store, 'tree')) {
      const bytes = (await contents(home.store)).get(name)!;
      await home.store.delete(name);
      await home.store.put(name, [bytes.with(140, bytes[140]! ^ 1) as typeof bytes]);
    }
    await expectCode('refused', home.collect());
    expect(await names(home.store, 'tree')).toContain(first);
  });

  it('[V83] a clock far ahead deletes nothing the first time, and does the next', async () => {
    const home = await begin();
    await home.collect(HOUR);
    home.now += 90 * DAY;
    const { waiting } = await home.collect(0);
    expect(waiting).toMatchObject([{ for: 'margin', until: undefined }]);
    expect((await home.collect(0)).waiting).toEqual([]);
    await expectWhole(home, some('kept'));
  });
});

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

describe('a store that another home has taken over', () => {
  it('[V88] stops the old one: it neither saves nor collects', async () => {
    const store = openMemoryStore();
    const old = await open(store);
    await forget(old, await old.save('a', some('gone')));
    await old.save('a', some('kept'));
    const parts = (await StillHome.open(await databases.open(), openMemoryStore(), 'taker')).parts;
    const taker = { ...parts, store, database: await databases.open() };
    const vault = await Vault.open(taker, async () => [ROOT], { adopt: true });
    await adoptTenants(vault);
    await rebuildIndex(taker, await vault.tenant('default'));
    const before = (await contents(store)).size;
    await expectCode('not_ours', old.save('a', some('more')));
    await expectCode('not_ours', old.collect());
    expect((await contents(store)).size).toBe(before);
  });
});

/** A store in which packs are dead, and one is written anew. */
async function sparse(home: StillHome): Promise<SavedContent> {
  const kept = some('kept', 4000);
  const both = await home.save('a', { ...some('large', 60_000), ...kept });
  await forget(home, await home.save('b', some('gone')));
  await home.save('a', kept);
  await forget(home, both);
  return kept;
}

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
