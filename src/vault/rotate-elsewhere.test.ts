import { afterAll, describe, expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { TestDatabases, committed, openTestVault, saveFiles, testWorld } from '../testing/vault.ts';
import { rotateTenant } from './tenant-keys.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

describe('a new key of a tenant, from another process', () => {
  it('[V104] opens what is stored with it also for who began before', async () => {
    const world = testWorld(await databases.open());
    const vault = await openTestVault(world);
    const early = await vault.tenant('default');
    const id = await committed(world, early, (save) => save.writer.chunk(utf8('before')));
    await early.reader();
    const other = { ...world, random: testWorld(world.database, world.store, 'other').random };
    const elsewhere = await openTestVault(other);
    await rotateTenant(elsewhere, 'default');
    const { head, files } = await saveFiles(other, await elsewhere.tenant('default'), {
      file: utf8('after'),
    });
    const twice = () => early.readHead(head.workspace, head.seq);
    for (const { name } of await Promise.all([twice(), twice()])) expect(name).toBe(head.name);
    const reader = await early.reader();
    expect(Buffer.from(await reader.chunk(files[0]!.id)).toString()).toBe('after');
    expect(Buffer.from(await reader.chunk(id)).toString()).toBe('before');
    // And it seals with that one from now on.
    expect(early.keyring.seal('data').id).toEqual((await vault.tenant('default')).keyring.seal('data').id);
  });

  it('[V104] is found by who looks for the old record in the moment in which it goes', async () => {
    const world = testWorld(await databases.open());
    const vault = await openTestVault(world);
    const first = await vault.tenant('default');
    let meanwhile: (() => Promise<unknown>) | undefined = () => rotateTenant(vault, 'default');
    const store: Store = {
      ...world.store,
      async get(name, options) {
        const before = name.startsWith('keys/') ? meanwhile : undefined;
        if (before !== undefined) meanwhile = undefined;
        await before?.();
        return world.store.get(name, options);
      },
    };
    const late = await (await openTestVault({ ...world, store })).tenant('default');
    expect(meanwhile).toBeUndefined();
    expect(late.keyring.keys.length).toBeGreaterThan(first.keyring.keys.length);
  });
});
