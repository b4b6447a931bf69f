import { afterAll, describe, expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { contents, overwrite } from '../testing/stores.ts';
import { ROOT, TestDatabases, committed, openTestVault, saveFiles, testWorld } from '../testing/vault.ts';
import { adoptTenants } from './adopt.ts';
import { keysIdentity, parseName } from './names.ts';
import type { TenantId } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import { encodeKeys } from './keys-record.ts';
import { rootSealingKey } from './root-key.ts';
import { putRecord } from './sealed-object.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

async function begin(store: Store = openMemoryStore()) {
  const world = testWorld(await databases.open(), store);
  const tenant = await (await openTestVault(world)).tenant('default');
  const saved = [
    await saveFiles(world, tenant, { a: utf8('one') }),
    await saveFiles(world, tenant, { b: noise('two', 5000) }),
  ];
  return { world, tenant, files: saved.flatMap(({ files }) => files) };
}

const adopting = async (store: Store, seed: string) =>
  Vault.open(testWorld(await databases.open(), store, seed), async () => [ROOT], { attach: 'rebuild' });

const namesOf = async (store: Store, kind: string) =>
  [...(await contents(store)).keys()].filter((name) => parseName(name)?.kind === kind);

describe('a lost database', () => {
  it('[V30] is not_found until it is adopted; then everything is there', async () => {
    const { world, files } = await begin();
    const fresh = testWorld(await databases.open(), world.store, 'fresh');
    await expectCode('not_found', openTestVault(fresh));
    const vault = await adopting(world.store, 'adopting');
    expect(await adoptTenants(vault)).toEqual(['default']);
    expect(await adoptTenants(vault)).toEqual(['default']);
    const tenant = await vault.tenant('default');
    expect(await rebuildIndex(vault.world, tenant)).toEqual({ packs: 4, chunks: 4, unreadable: [] });
    for (const { id, bytes } of files)
      expect(Buffer.compare(await (await tenant.reader()).chunk(id), bytes)).toBe(0);
    const heads = [];
    for await (const head of tenant.heads()) heads.push(head.snapshot.number);
    expect(heads).toEqual([1, 1]);
    expect((await verifyStore(vault, { readData: true })).problems).toEqual([]);
  });

  it('[V30] adopting takes the tenant that is in use when two have one name', async () => {
    const { world, tenant } = await begin();
    const leftover = new Uint8Array(16) as TenantId;
    const record = {
      tenant: leftover,
      number: 1,
      name: 'default',
      cutKey: noise('c', 32),
      versions: [{ version: 1, secret: noise('s', 32), created: 0 }],
    };
    await putRecord(
      world.store,
      rootSealingKey(ROOT),
      keysIdentity(leftover, 1),
      encodeKeys(record),
      world.random,
    );
    const vault = await adopting(world.store, 'two names');
    expect(await adoptTenants(vault)).toEqual(['default']);
    expect(toHex((await vault.tenant('default')).id)).toBe(toHex(tenant.id));
  });

  it('[V30] the wrong root key adopts nothing', async () => {
    const { world } = await begin();
    const wrong = Vault.open(
      testWorld(await databases.open(), world.store),
      async () => [noise('wrong', 32) as typeof ROOT],
      { attach: 'rebuild' },
    );
    await expectCode('wrong_key', wrong);
  });
});

describe('a rebuilt index', () => {
  it('[V31] stands for all segments that were there, and new saves see it', async () => {
    const { world, tenant } = await begin();
    expect(await namesOf(world.store, 'index')).toHaveLength(2);
    await rebuildIndex(world, tenant);
    expect(await namesOf(world.store, 'index')).toHaveLength(1);
    expect((await tenant.index()).data.size).toBe(2);
    const written = await committed(world, tenant, async (save) => {
      save.writer.chunk(utf8('one'));
      return save.finish();
    });
    expect(written.newBytes).toBe(0);
  });

  it('[V31] tells of packs that it cannot read, and a save stores their chunks again', async () => {
    const { world, tenant } = await begin();
    const [pack = ''] = await namesOf(world.store, 'data');
    await overwrite(world.store, pack, (await world.store.get(pack)).slice(0, -1));
    const [segment = ''] = await namesOf(world.store, 'index');
    await world.store.delete(segment);
    const { packs, unreadable } = await rebuildIndex(world, tenant);
    expect([packs, unreadable]).toEqual([3, [pack]]);
    await committed(world, tenant, (save) => [
      save.writer.chunk(utf8('one')),
      save.writer.chunk(noise('two', 5000)),
    ]);
    const reader = await tenant.reader();
    for await (const head of tenant.heads()) await reader.node(head.snapshot.root.tree.node);
    expect((await tenant.index()).data.size).toBe(2);
  });
});
