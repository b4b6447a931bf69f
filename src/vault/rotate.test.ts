import { afterAll, describe, expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { noise, pinnedRandom } from '../testing/noise.ts';
import { contents, failing } from '../testing/stores.ts';
import { ROOT, TestDatabases, committed, openTestVault, saveFiles, testWorld } from '../testing/vault.ts';
import { adoptTenants } from './adopt.ts';
import { putOwner } from './owner.ts';
import { rebuildIndex } from './rebuild.ts';
import { rootSealingKey } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import { rotateRoot as rotateStores } from './rotate.ts';
import { rotateTenant } from './tenant-keys.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';
import type { VaultWorld } from './world.ts';

const NEXT = noise('next root key', 32) as RootSecret;
const nothing = async () => {};

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const openWith = (world: VaultWorld, ...secrets: readonly [RootSecret, ...RootSecret[]]) =>
  Vault.open(world, async () => secrets);

/** Two tenants, one with a chunk. */
async function begin() {
  const world = testWorld(await databases.open());
  const vault = await openTestVault(world);
  await vault.tenant('other');
  const id = await committed(world, await vault.tenant('default'), (save) =>
    save.writer.chunk(utf8('content')),
  );
  return { world, vault, id };
}

const rotateRoot = (vault: Vault, secret: RootSecret, activate: () => Promise<void>) =>
  rotateStores([{ vault, secret }], activate);

async function expectReadable(vault: Vault, id: Sha256): Promise<void> {
  const tenant = await vault.tenant('default');
  expect(Buffer.from(await (await tenant.reader()).chunk(id)).toString()).toBe('content');
  await vault.tenant('other');
}

const keyNames = async (store: Store) =>
  [...(await contents(store)).keys()].filter((name) => name.startsWith('keys/') || name.startsWith('owner/'));

describe('a new root key', () => {
  it('[V26] opens everything, and the old one nothing', async () => {
    const { world, vault, id } = await begin();
    let activated = 0;
    await rotateRoot(vault, NEXT, async () => void activated++);
    expect(activated).toBe(1);
    await expectReadable(await openTestVault(world, NEXT), id);
    await expectCode('wrong_key', (await openTestVault(world)).tenant('default'));
    expect((await keyNames(world.store)).map((name) => name.slice(-10))).toEqual(Array(3).fill('0000000002'));
    expect((await verifyStore(await openTestVault(world, NEXT), { readData: true })).problems).toEqual([]);
  });

  it('[V103] is told to a home that reads the store with the old one, and that keys are others is of no matter to it', async () => {
    const { world, vault } = await begin();
    const elsewhere = testWorld(await databases.open(), world.store);
    const reader = await Vault.open(elsewhere, async () => [ROOT], { attach: 'read' });
    await adoptTenants(reader);
    await rotateTenant(vault, 'default');
    await rotateTenant(vault, 'default');
    expect(await verifyStore(reader)).toMatchObject({ ok: true, problems: [] });
    expect((await reader.tenants()).map(({ name, keyVersions }) => [name, keyVersions])).toEqual([
      ['default', 3],
      ['other', 1],
    ]);
    await adoptTenants(reader);
    const rows = elsewhere.database.kysely.selectFrom('tenants').select('key_seq').orderBy('name');
    expect(await rows.execute()).toEqual([{ key_seq: 3 }, { key_seq: 1 }]);
    await rotateRoot(vault, NEXT, nothing);
    const told = await failureOf(reader.tenant('default'));
    expect(told.code).toBe('wrong_key');
    expect(told.message).toContain('has another root key than this home was attached with');
    expect(await (await openTestVault(world, NEXT)).tenant('default')).toBeDefined();
    // Gone is still gone.
    for (const name of await keyNames(world.store))
      if (name.startsWith('keys/')) await world.store.delete(name);
    await expectCode('integrity', reader.tenant('default'));
  });

  it('[V27] interrupted at any step, both keys together open everything, and a second run completes', async () => {
    for (const when of ['before', 'after'] as const)
      for (let survived = 0; ; survived++) {
        const { world, id } = await begin();
        let changes = 0;
        const store = failing(world.store, (call) =>
          call !== 'get' && ++changes > survived ? when : undefined,
        );
        const cut = await rotateRoot(await openTestVault({ ...world, store }), NEXT, nothing).then(
          () => false,
          () => true,
        );
        await expectReadable(await openWith(world, ROOT, NEXT), id);
        await expectReadable(await openWith(world, NEXT, ROOT), id);
        const again = await openWith({ ...world, random: pinnedRandom(`again ${survived}`) }, ROOT, NEXT);
        await rotateRoot(again, NEXT, nothing);
        await expectReadable(await openWith(world, NEXT), id);
        expect((await verifyStore(await openWith(world, NEXT))).problems).toEqual([]);
        if (!cut) {
          // Two key records and the owner's, put and then deleted.
          expect(survived).toBe(6);
          break;
        }
      }
  });

  it('[V27] what cannot be activated leaves both keys needed, and nothing deleted', async () => {
    const { world, vault, id } = await begin();
    const failed = rotateRoot(vault, NEXT, async () => {
      throw new Error('disk full');
    });
    await expect(failed).rejects.toThrow('disk full');
    expect(await keyNames(world.store)).toHaveLength(6);
    await expectReadable(await openWith(world, ROOT, NEXT), id);
  });

  it('[V28] two at once: one is refused, and forgets nothing', async () => {
    const { world, vault, id } = await begin();
    const third = noise('third root key', 32) as RootSecret;
    const other = await openTestVault({ ...world, random: pinnedRandom('other') });
    const forgotten: RootSecret[] = [];
    const outcomes = await Promise.allSettled([
      rotateRoot(vault, NEXT, async () => void forgotten.push(NEXT)),
      rotateRoot(other, third, async () => void forgotten.push(third)),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBe(forgotten.length);
    expect(forgotten.length).toBeLessThan(2);
    const [winner = ROOT] = forgotten;
    await expectReadable(await openWith(world, winner, ...(forgotten.length === 0 ? [NEXT, third] : [])), id);
  });

  it('[V28] a number that another took is not written over', async () => {
    for (const front of ['keys/', 'owner/']) {
      const { world, id } = await begin();
      const store: Store = {
        ...world.store,
        async put(name, body, options) {
          if (name.startsWith(front)) await world.store.put(name, [utf8('of another') as Sealed]);
          return world.store.put(name, body, options);
        },
      };
      const rotating = await openTestVault({ ...world, store });
      await expectCode(
        'refused',
        rotateRoot(rotating, NEXT, () => Promise.reject(new Error('activated'))),
      );
      await expectReadable(await openTestVault(world), id);
    }
  });

  it('[V28] a tenant made meanwhile refuses it', async () => {
    const { world, vault } = await begin();
    let made = false;
    const store: Store = {
      ...world.store,
      async put(name, body, options) {
        if (!made) {
          made = true;
          await vault.tenant('late');
        }
        return world.store.put(name, body, options);
      },
    };
    const rotating = await openTestVault({ ...world, store, random: pinnedRandom('rotating') });
    await expectCode(
      'refused',
      rotateRoot(rotating, NEXT, () => Promise.reject(new Error('activated'))),
    );
    await (await openTestVault(world)).tenant('late');
  });

  it('[V28] a tenant is not made with a key that was replaced meanwhile', async () => {
    const { world, vault } = await begin();
    await rotateRoot(await openTestVault({ ...world, random: pinnedRandom('rotating') }), NEXT, nothing);
    await expectCode('wrong_key', vault.tenant('late'));
    const now = await openWith(world, NEXT);
    expect((await now.tenants()).map(({ name }) => name)).toEqual(['default', 'other']);
    expect((await verifyStore(now)).problems).toEqual([]);
  });

  it('[V28] a store that another home has taken over is not_ours', async () => {
    const { world, vault } = await begin();
    await putOwner(world, rootSealingKey(ROOT), { number: 2, home: noise('thief', 16), since: 0 });
    await expectCode('not_ours', rotateRoot(vault, NEXT, nothing));
    expect(await keyNames(world.store)).toHaveLength(4);
  });

  it('[V29] what a rotation that was given up left behind does not hide the tenants from a new database', async () => {
    const { world, vault, id } = await begin();
    const store = failing(world.store, (call, name) =>
      call === 'put' && name.startsWith('owner/') ? 'before' : undefined,
    );
    const rotating = await openTestVault({ ...world, store });
    await expectCode('unavailable', rotateRoot(rotating, NEXT, nothing));
    const anew = await Vault.open(
      testWorld(await databases.open(), world.store, 'anew'),
      async () => [ROOT],
      { attach: 'rebuild' },
    );
    expect(toHex(anew.homeId)).not.toBe(toHex(vault.homeId));
    await expectCode('not_ours', vault.checkOwner());
    expect(await adoptTenants(anew)).toEqual(['default', 'other']);
    await rebuildIndex(anew.world, await anew.tenant('default'));
    await expectReadable(anew, id);
  });

  it('[V29] nor does it keep a verification from succeeding, or the next rotation from being run with the old key alone', async () => {
    const { world, id } = await begin();
    const cut = failing(world.store, (call) => (call === 'delete' ? 'before' : undefined));
    // All is sealed anew, and the database still tells of the old records.
    const database = { ...world.database, transaction: () => Promise.reject(new Error('killed')) };
    const rotating = await openTestVault({ ...world, store: cut, database });
    await expect(rotateRoot(rotating, NEXT, nothing)).rejects.toThrow('killed');
    const old = await openTestVault(world);
    expect((await verifyStore(old, { readData: true })).problems).toEqual([]);
    const third = noise('third root key', 32) as RootSecret;
    await rotateRoot(old, third, nothing);
    await expectReadable(await openTestVault(world, third), id);
  });

  it('[V29] one that was cut off while it deleted leaves old records that are no problem', async () => {
    const { world, vault } = await begin();
    const cut = failing(world.store, (call) => (call === 'delete' ? 'before' : undefined));
    const rotating = await openTestVault({ ...world, store: cut });
    await expectCode('unavailable', rotateRoot(rotating, NEXT, nothing));
    expect((await verifyStore(await openTestVault(world, NEXT))).problems).toEqual([]);
    // But the one that is in force must be readable.
    await world.database.kysely.updateTable('tenants').set({ key_seq: 1 }).execute();
    const { problems } = await verifyStore(await openTestVault(world, NEXT));
    expect(problems.map(({ code }) => code)).toEqual(['wrong_key', 'wrong_key']);
    expect(vault.homeId).toHaveLength(16);
  });

  it('[V28] a save that is under way meanwhile publishes its head', async () => {
    const { world, vault } = await begin();
    const { head } = await saveFiles(world, await vault.tenant('default'), { file: utf8('content') });
    const tenant = await vault.tenant('default');
    await rotateRoot(vault, NEXT, nothing);
    expect(await tenant.publishHead({ ...head, seq: 2 })).toBe('created');
  });

  it('[V30] an older database that was put back finds the key records again', async () => {
    const { world, vault, id } = await begin();
    await rotateRoot(vault, NEXT, nothing);
    await world.database.kysely.updateTable('tenants').set({ key_seq: 1 }).execute();
    const now = await openTestVault(world, NEXT);
    await expectCode('integrity', now.tenant('default'));
    expect(await adoptTenants(now)).toEqual(['default', 'other']);
    await expectReadable(now, id);
  });
});
