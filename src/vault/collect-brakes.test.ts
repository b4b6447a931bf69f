import { afterAll, describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { StillHome } from '../testing/snapshots.ts';
import { contents } from '../testing/stores.ts';
import { ROOT, TestDatabases } from '../testing/vault.ts';
import { adoptTenants } from './adopt.ts';
import { DAY, HOUR, expectWhole, forget, names, some } from './collected.fixture.ts';
import { rebuildIndex } from './rebuild.ts';
import { Vault } from './vault.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async (store?: Store) => StillHome.open(await databases.open(), store);

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
            roots: new Uint8Array(),
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
    const before = [...(await contents(home.store)).keys()];
    await expect(spoiled.collect()).rejects.toThrow(Error);
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

describe('a store that another home has taken over', () => {
  it('[V88] stops the old one: it neither saves nor collects', async () => {
    const store = openMemoryStore();
    const old = await open(store);
    await forget(old, await old.save('a', some('gone')));
    await old.save('a', some('kept'));
    const parts = (await StillHome.open(await databases.open(), openMemoryStore(), 'taker')).parts;
    const taker = { ...parts, store, database: await databases.open() };
    const vault = await Vault.open(taker, async () => [ROOT], { attach: 'rebuild' });
    await adoptTenants(vault);
    await rebuildIndex(taker, await vault.tenant('default'));
    const before = (await contents(store)).size;
    await expectCode('not_ours', old.save('a', some('more')));
    await expectCode('not_ours', old.collect());
    expect((await contents(store)).size).toBe(before);
  });
});
