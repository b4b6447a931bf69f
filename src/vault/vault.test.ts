import { rmSync } from 'node:fs';
import { inspect } from 'node:util';

import { afterAll, describe, expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Database } from '../db/index.ts';
import { openLocalStore, openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { contents, failing } from '../testing/stores.ts';
import { ROOT, TestDatabases, committed, openTestVault, testWorld } from '../testing/vault.ts';
import { parseName } from './names.ts';
import { rootSealingKey } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import { Vault } from './vault.ts';

const OTHER_ROOT = noise('other root', 32) as RootSecret;

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

/** Opens, and tells what the finder of keys was told. */
async function openTelling(database: Database, store: Store, seed: string) {
  const told: boolean[] = [];
  const vault = await Vault.open(testWorld(database, store, seed), async (_, fresh) => {
    told.push(fresh);
    return [ROOT];
  });
  return { vault, told };
}

const homes = (database: Database) => database.kysely.selectFrom('home').selectAll().execute();

describe('opening a vault', () => {
  it('[V21] the first use makes a store, an owner and a home; the second finds them', async () => {
    const store = openMemoryStore();
    const database = await databases.open();
    const first = await openTelling(database, store, 'first');
    expect(first.told).toEqual([true]);
    expect([...(await contents(store)).keys()]).toEqual(['format', 'owner/0000000001']);
    await first.vault.tenant('default');
    const second = await openTelling(database, store, 'second');
    expect(second.told).toEqual([false]);
    expect(toHex(second.vault.storeId)).toBe(toHex(first.vault.storeId));
    expect(toHex(second.vault.homeId)).toBe(toHex(first.vault.homeId));
    expect(await homes(database)).toHaveLength(1);
  });

  it('[V21] two processes at once make one', async () => {
    const store = openMemoryStore();
    const [one, two] = await Promise.all([databases.open('shared'), databases.open('shared')]);
    const vaults = await Promise.all([
      openTestVault(testWorld(one, store, 'one')),
      openTestVault(testWorld(two, store, 'two')),
    ]);
    expect(new Set(vaults.map(({ storeId }) => toHex(storeId))).size).toBe(1);
    expect(new Set(vaults.map(({ homeId }) => toHex(homeId))).size).toBe(1);
    const tenants = await Promise.all(vaults.map((vault) => vault.tenant('default')));
    expect(new Set(tenants.map(({ id }) => toHex(id))).size).toBe(1);
    const keys = [...(await contents(store)).keys()].filter((name) => name.startsWith('keys/'));
    expect(keys).toHaveLength(1);
  });

  it('[V21] another first use that is faster is no other home', async () => {
    const store = openMemoryStore();
    const database = await databases.open();
    let isFirst = true;
    const slow: Store = {
      ...store,
      async *list(prefix, options) {
        if (isFirst) {
          isFirst = false;
          await (await openTestVault(testWorld(database, store, 'fast'))).tenant('default');
        }
        yield* store.list(prefix, options);
      },
    };
    const vault = await openTestVault(testWorld(database, slow, 'slow'));
    expect((await vault.tenants()).map(({ name }) => name)).toEqual(['default']);
  });

  it('[V22] a first start that was cut off anywhere goes on', async () => {
    for (let survived = 0; ; survived++) {
      const memory = openMemoryStore();
      const database = await databases.open();
      let puts = 0;
      const store = failing(memory, (call) => (call === 'put' && ++puts > survived ? 'after' : undefined));
      const cut = (await openTestVault(testWorld(database, store, 'cut'))
        .then((vault) => vault.tenant('default'))
        .catch(() => 'cut')) as unknown;
      const vault = await openTestVault(testWorld(database, memory, 'again'));
      const tenant = await vault.tenant('default');
      const id = await committed(vault.world, tenant, (save) => save.writer.chunk(utf8('content')));
      expect(await (await tenant.reader()).chunk(id)).toHaveLength(7);
      if (cut !== 'cut') {
        expect(survived).toBe(4);
        return;
      }
    }
  });

  it('[V23] a store that has lost its format is integrity, and gets it back when it is adopted', async () => {
    const store = openMemoryStore();
    const database = await databases.open();
    const world = testWorld(database, store);
    const { storeId } = await openTestVault(world).then(
      async (vault) => (await vault.tenant('default'), vault),
    );
    await store.delete('format');
    await expectCode('integrity', openTestVault(world));
    expect(await store.size('format')).toBeUndefined();
    const adopted = await Vault.open(world, async () => [ROOT], { attach: 'rebuild' });
    expect(adopted.storeId).toEqual(storeId);
    expect((await openTestVault(world)).storeId).toEqual(storeId);
  });

  it('[V23] a store that is gone is unavailable, and none is made in its place', async () => {
    const path = databases.path('gone');
    const database = await databases.open();
    await openTestVault(testWorld(database, openLocalStore(path)));
    rmSync(path, { recursive: true });
    await expectCode('unavailable', openTestVault(testWorld(database, openLocalStore(path))));
    expect((await contents(openLocalStore(path))).size).toBe(0);
  });

  it('[V23] another store is not_ours', async () => {
    const database = await databases.open();
    const store = openMemoryStore();
    await openTestVault(testWorld(await databases.open(), store));
    await openTestVault(testWorld(database, openMemoryStore(), 'else'));
    await expectCode('not_ours', openTestVault(testWorld(database, store)));
  });

  it('[V23] a store of another home is not_ours, before that home has saved anything too', async () => {
    const store = openMemoryStore();
    const database = await databases.open();
    await openTestVault(testWorld(await databases.open(), store, 'one'));
    await expectCode('not_ours', openTestVault(testWorld(database, store, 'two')));
    // And it is not tied to it: another place works.
    await openTestVault(testWorld(database, openMemoryStore(), 'three'));
  });

  it('[V23] a damaged or newer format object is told, and nothing is changed', async () => {
    for (const [text, code] of [
      ['nonsense', 'integrity'],
      ['strata-store 2\n', 'unsupported_format'],
    ] as const) {
      const store = openMemoryStore();
      await store.put('format', [utf8(text) as Sealed]);
      const database = await databases.open();
      await expectCode(code, openTestVault(testWorld(database, store)));
      expect((await contents(store)).size).toBe(1);
      expect(await homes(database)).toHaveLength(0);
    }
  });

  it('[V24] the wrong root key is wrong_key, whatever it is asked for', async () => {
    const store = openMemoryStore();
    const database = await databases.open();
    const vault = await openTestVault(testWorld(database, store));
    await expectCode('wrong_key', openTestVault(testWorld(database, store, 'w'), OTHER_ROOT));
    await vault.tenant('default');
    const wrong = await openTestVault(testWorld(database, store, 'x'), OTHER_ROOT);
    await expectCode('wrong_key', wrong.tenant('default'));
    await expectCode('wrong_key', wrong.tenants());
  });

  it('[V24] a key record under another tenant’s name is damage', async () => {
    const store = openMemoryStore();
    const vault = await openTestVault(testWorld(await databases.open(), store));
    const [one, two] = [await vault.tenant('one'), await vault.tenant('two')];
    const nameOf = async (id: Uint8Array) =>
      [...(await contents(store)).keys()].find((name) => name.startsWith(`keys/${toHex(id)}`))!;
    const stolen = await store.get(await nameOf(two.id));
    const name = await nameOf(one.id);
    await store.delete(name);
    await store.put(name, [stolen]);
    await expectCode('integrity', vault.tenant('one'));
  });

  it('[V37] a vault that is printed shows no key', async () => {
    const vault = await openTestVault(testWorld(await databases.open()));
    const tenant = await vault.tenant('default');
    const { id, secret } = tenant.keyring.seal('data');
    for (const thing of [vault, tenant, tenant.keyring]) {
      const printed =
        inspect(thing, { depth: 9, maxArrayLength: null }).replaceAll(/\s/g, '') + JSON.stringify(thing);
      for (const key of [ROOT, rootSealingKey(ROOT).secret, id, secret])
        for (const form of [toHex(key), key.join(','), JSON.stringify(key)])
          expect(printed).not.toContain(form);
    }
  });

  it('[V25] tenants have keys, cuts and names of their own', async () => {
    const vault = await openTestVault(testWorld(await databases.open()));
    const [one, two] = [await vault.tenant('one'), await vault.tenant('two')];
    expect(toHex(one.keyring.seal('data').id)).not.toBe(toHex(two.keyring.seal('data').id));
    expect(toHex(one.keyring.seal('data').id)).not.toBe(toHex(one.keyring.seal('tree').id));
    expect(toHex(one.keyring.cutTables.low)).not.toBe(toHex(two.keyring.cutTables.low));
    const ids: string[] = [];
    for (const tenant of [one, two])
      ids.push(toHex(await committed(vault.world, tenant, (save) => save.writer.chunk(utf8('same')))));
    const packs = [...(await contents(vault.world.store)).keys()].filter(
      (name) => parseName(name)?.kind === 'data',
    );
    expect(ids[0]).toBe(ids[1]);
    expect(packs).toHaveLength(2);
    expect((await vault.tenants()).map(({ name, keyVersions }) => [name, keyVersions])).toEqual([
      ['one', 1],
      ['two', 1],
    ]);
  });
});
