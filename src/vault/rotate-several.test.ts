import { afterAll, describe, expect, it } from 'vitest';

import { utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise, pinnedRandom } from '../testing/noise.ts';
import { contents, failing } from '../testing/stores.ts';
import { ROOT, TestDatabases, committed, openTestVault, testWorld } from '../testing/vault.ts';
import { putOwner } from './owner.ts';
import { rootSealingKey } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import { rotateRoot } from './rotate.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';
import type { VaultWorld } from './world.ts';

const NEXT = noise('next root key', 32) as RootSecret;
const nothing = async () => {};

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

/** Of one region, with two tenants and a chunk. */
async function begin(world: VaultWorld): Promise<Sha256> {
  const vault = await openTestVault(world);
  await vault.tenant('other');
  return committed(world, await vault.tenant('default'), (save) => save.writer.chunk(utf8('content')));
}

/** Over one database. */
async function beginTwo() {
  const world = testWorld(await databases.open());
  const id = await begin(world);
  const other = { ...testWorld(world.database, undefined, 'other region'), region: 'eu' };
  await begin(other);
  return { worlds: [world, other], id };
}

const openAll = (worlds: readonly VaultWorld[], ...secrets: readonly [RootSecret, ...RootSecret[]]) =>
  Promise.all(worlds.map((world) => Vault.open(world, async () => secrets)));

async function expectReadable(vault: Vault, id: Sha256): Promise<void> {
  const tenant = await vault.tenant('default');
  expect(Buffer.from(await (await tenant.reader()).chunk(id)).toString()).toBe('content');
  await vault.tenant('other');
}

const keyNames = async (store: Store) =>
  [...(await contents(store)).keys()].filter((name) => name.startsWith('keys/') || name.startsWith('owner/'));

describe('a new root key for several stores', () => {
  it('[V101] cut off at any step leaves both keys good for all, and a second run completes it', async () => {
    for (const when of ['before', 'after'] as const)
      for (let survived = 0; ; survived++) {
        const { worlds, id } = await beginTwo();
        let changes = 0;
        const cut = worlds.map((world) => ({
          ...world,
          store: failing(world.store, (call) => (call !== 'get' && ++changes > survived ? when : undefined)),
        }));
        let activated = 0;
        const stores = (await openAll(cut, ROOT)).map((vault) => ({ vault, secret: NEXT }));
        const error: unknown = await rotateRoot(stores, async () => void activated++).catch(
          (reason: unknown) => reason,
        );
        for (const vault of await openAll(worlds, ROOT, NEXT)) await expectReadable(vault, id);
        if (activated > 0) for (const vault of await openAll(worlds, NEXT)) await expectReadable(vault, id);
        else if (survived >= 3) expect(String(error)).toMatch(/a new one in default, and not yet in eu: /);
        const again = worlds.map((world) => ({
          ...world,
          random: pinnedRandom(`${world.region} ${survived}`),
        }));
        const both = (await openAll(again, ROOT, NEXT)).map((vault) => ({ vault, secret: NEXT }));
        await rotateRoot(both, nothing);
        for (const vault of await openAll(worlds, NEXT)) {
          await expectReadable(vault, id);
          expect((await verifyStore(vault)).problems).toEqual([]);
        }
        if (error === undefined) break;
        expect(survived).toBeLessThan(12);
      }
  });

  it('[V101] begins in none if one is not ours, and forgets nothing if a region came meanwhile', async () => {
    const { worlds } = await beginTwo();
    const [vault, other] = await openAll(worlds, ROOT);
    const stores = [vault!, other!].map((each) => ({ vault: each, secret: NEXT }));
    await expectCode(
      'refused',
      rotateRoot(stores.slice(0, 1), () => Promise.reject(new Error('activated'))),
    );
    await putOwner(worlds[1]!, rootSealingKey(ROOT), { number: 2, home: noise('thief', 16), since: 0 });
    const names = await keyNames(worlds[0]!.store);
    await expectCode('not_ours', rotateRoot(stores, nothing));
    expect(await keyNames(worlds[0]!.store)).toEqual(names);
  });
});
