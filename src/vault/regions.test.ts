import { afterAll, describe, expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { contents, failing } from '../testing/stores.ts';
import { ROOT, TestDatabases, committed, openTestVault, testWorld } from '../testing/vault.ts';
import type { RootSecret } from './root-key.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';
import type { VaultWorld } from './world.ts';

const NEXT = noise('next root key', 32) as RootSecret;

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

/** A home with one region in use, and a second one that is still to be made. */
async function begin() {
  const world = testWorld(await databases.open());
  await (await openTestVault(world)).tenant('default');
  const second = (store = openMemoryStore(), seed = 'second'): VaultWorld => ({
    ...testWorld(world.database, store, seed),
    region: 'second',
  });
  return { world, second };
}

describe('a second region', () => {
  it.each(['before', 'after'] as const)(
    '[V22] whose first start was cut off anywhere, %s a step, goes on, and is owned',
    async (when) => {
      for (let survived = 0; ; survived++) {
        const { world, second } = await begin();
        const memory = openMemoryStore();
        let puts = 0;
        const store = failing(memory, (call) => (call === 'put' && ++puts > survived ? when : undefined));
        const isCut = await openTestVault(second(store, 'cut'))
          .then((vault) => vault.tenant('default'))
          .then(
            () => false,
            () => true,
          );
        const again = await openTestVault(second(memory, 'again'));
        const tenant = await again.tenant('default');
        await committed(again.world, tenant, (save) => save.writer.chunk(utf8('content')));
        for (const vault of [again, await openTestVault(world)]) {
          await vault.checkOwner();
          expect((await verifyStore(vault)).problems).toEqual([]);
        }
        if (!isCut) {
          expect(survived).toBeGreaterThan(2);
          return;
        }
      }
    },
  );

  it('[V25] shares no key and no number with the first', async () => {
    const { world, second } = await begin();
    const there = second();
    const [a, b] = [await openTestVault(world), await openTestVault(there)];
    expect(Buffer.from(a.storeId)).not.toEqual(Buffer.from(b.storeId));
    expect(Buffer.from(a.homeId)).not.toEqual(Buffer.from(b.homeId));
    const elsewhere = async () => a;
    const [one, other] = [await a.tenant('default'), await b.tenant('default', { elsewhere })];
    expect(Buffer.from(one.id)).not.toEqual(Buffer.from(other.id));
    expect(one.keyring.cutTables).toEqual(other.keyring.cutTables);
    expect(one.keyring.seal('data').secret).not.toEqual(other.keyring.seal('data').secret);
    // Of nowhere that can be asked it has a cut of its own.
    const alone = await b.tenant('alone', { elsewhere: async () => undefined });
    expect((await a.tenant('alone')).keyring.cutTables).not.toEqual(alone.keyring.cutTables);
  });

  it('[V102] is not made with a key that was replaced meanwhile, nor with a new one beside others', async () => {
    const late = (await begin()).second();
    const keys: [RootSecret][] = [[ROOT], [NEXT]];
    await expectCode(
      'refused',
      Vault.open(late, async (_, fresh) => (expect(fresh).toBe(false), keys.shift()!)),
    );
    expect([...(await contents(late.store)).keys()]).toEqual(['format']);
    await (await Vault.open(late, async () => [NEXT])).tenant('default');
  });

  it('[V102] is no second name of the first', async () => {
    const { world } = await begin();
    const twin = { ...world, region: 'twin' };
    for (const attach of [undefined, 'read', 'own', 'rebuild'] as const)
      await expectCode(
        'refused',
        Vault.open(twin, async () => [ROOT], { attach }),
      );
    await (await openTestVault(world)).checkOwner();
  });

  it('[V23] that is gone is told with where the configuration names it', async () => {
    const { second } = await begin();
    await (await openTestVault(second())).tenant('default');
    const error = await failureOf(openTestVault(second(openMemoryStore(), 'gone')));
    expect(error).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('`regions.second`') });
  });
});
