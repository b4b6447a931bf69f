import { afterAll, describe, expect, it } from 'vitest';

import { StrataError } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { ROOT, TestDatabases, openTestVault, testWorld } from '../testing/vault.ts';
import { readHome } from './home.ts';
import { putOwner } from './owner.ts';
import { rootSealingKey } from './root-key.ts';
import { Vault } from './vault.ts';
import type { OpenVaultOptions } from './vault.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

/** A store that one home owns and another one reads. */
async function begin() {
  const world = testWorld(await databases.open());
  await (await openTestVault(world)).tenant('default');
  const reader = testWorld(await databases.open(), world.store, 'reader');
  const open = (attach?: OpenVaultOptions['attach'], store: Store = world.store) =>
    Vault.open({ ...reader, store }, async () => [ROOT], { attach });
  await open('read');
  const role = async () => (await readHome(reader))?.role;
  return { world, open, role };
}

/** What is done in place of the put of an owner record. */
const withPut = (store: Store, put: Store['put']): Store => ({
  ...store,
  put: (name, body, options) => (name.startsWith('owner/') ? put : store.put)(name, body, options),
});

describe('a take-over', () => {
  it('[V105] that somebody else was faster with changes nothing', async () => {
    const { world, open, role } = await begin();
    const third = { number: 2, home: new Uint8Array(16).fill(3), since: 0 };
    const slower = withPut(world.store, async (...put) => {
      await putOwner(world, rootSealingKey(ROOT), third);
      return world.store.put(...put);
    });
    await expectCode('refused', open('own', slower));
    expect(await role()).toBe('reader');
  });

  it('[V105] whose answer was lost is one', async () => {
    const { world, open, role } = await begin();
    const lost = withPut(world.store, async (...put) => {
      await world.store.put(...put);
      return world.store.put(...put);
    });
    const vault = await open('own', lost);
    expect([vault.tookOver, await role()]).toEqual([true, 'taker']);
    await vault.checkOwner();
    await expectCode('not_ours', (await open()).checkOwner());
    await vault.completeTakeOver();
    expect([vault.tookOver, await role()]).toEqual([false, 'owner']);
    await (await open()).checkOwner();
  });

  it('[V105] that fails may be one all the same, and is gone on with', async () => {
    const { world, open, role } = await begin();
    const failing = withPut(world.store, async (...put) => {
      await world.store.put(...put);
      throw new StrataError('unavailable', 'no answer');
    });
    await expectCode('unavailable', open('own', failing));
    expect(await role()).toBe('taker');
    await expectCode('not_ours', (await open()).checkOwner());
    const vault = await open('own');
    expect(vault.tookOver).toBe(true);
    await vault.completeTakeOver();
    expect(await role()).toBe('owner');
  });
});
