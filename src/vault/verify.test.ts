import { truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { isStrataError, utf8 } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { openLocalStore, openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { flipped, noise, pinnedRandom, prose } from '../testing/noise.ts';
import { contents, overwrite } from '../testing/stores.ts';
import { ROOT, TestDatabases, openTestVault, saveFiles, testWorld } from '../testing/vault.ts';
import type { SavedFile } from '../testing/vault.ts';
import { adoptTenants } from './adopt.ts';
import { parseName } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import type { VerifyReport } from './report.ts';
import { Vault } from './vault.ts';
import { verifyStore } from './verify.ts';
import type { VerifyStoreOptions } from './verify.ts';
import type { VaultWorld } from './world.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

let world: VaultWorld;
let files: readonly SavedFile[];
let objects: ReadonlyMap<string, Sealed>;

beforeAll(async () => {
  world = testWorld(await databases.open());
  const tenant = await (await openTestVault(world)).tenant('default');
  const one = await saveFiles(world, tenant, { 'a.txt': prose('a', 3000), 'b.bin': noise('b', 2000) });
  const two = await saveFiles(world, tenant, { 'a.txt': prose('a', 3000), 'c.txt': prose('c', 70_000) });
  files = [...one.files, ...two.files];
  objects = await contents(world.store);
});

/** The store as it was, but for what `change` does to it. */
async function changed(change: (store: Store) => Promise<unknown>): Promise<Store> {
  const store = openMemoryStore();
  for (const [name, bytes] of objects) await store.put(name, [bytes]);
  await change(store);
  return store;
}

async function verify(store: Store, options: VerifyStoreOptions = { readData: true }): Promise<VerifyReport> {
  return verifyStore(await openTestVault({ ...world, store }), options);
}

/** Reads all that was saved: every chunk comes back right, or not at all. @returns how many did not come back */
async function readAll(store: Store): Promise<number> {
  try {
    const tenant = await (await openTestVault({ ...world, store })).tenant('default');
    const reader = await tenant.reader();
    let lost = 0;
    for (const { id, bytes } of files) {
      const read = await reader.chunk(id).catch((error: unknown) => expectIntegrity(error));
      if (read === undefined) lost++;
      else expect(Buffer.compare(read, bytes)).toBe(0);
    }
    return lost;
  } catch (error) {
    expectIntegrity(error);
    return files.length;
  }
}

function expectIntegrity(error: unknown): undefined {
  if (isStrataError(error, 'integrity') || isStrataError(error, 'unavailable')) return;
  throw error;
}

/** Bits all over an object: of each part some, and of its ends all. */
function* bitsOf(bytes: Uint8Array): Iterable<number> {
  for (let at = 0; at < 20; at++) yield Math.floor((at / 20) * bytes.length) * 8 + ((at * 5) % 8);
  for (const at of [8, 10, 32, 48, 80, 112, 128, 132, 136, 140])
    if (at < bytes.length) yield at * 8 + (at % 8);
  for (let at = 1; at <= 18; at++) yield (bytes.length - at) * 8 + (at % 8);
}

const KINDS = ['format', 'owner', 'keys', 'data', 'tree', 'index', 'head'] as const;
const namesOf = (kind: (typeof KINDS)[number]) =>
  [...objects.keys()].filter((name) => parseName(name)?.kind === kind);

describe('verification', () => {
  it('[V32] finds nothing wrong with what is right, and looks at every byte', async () => {
    const report = await verify(await changed(async () => {}));
    const bytes = [...objects.values()].reduce((sum, { length }) => sum + length, 0);
    expect(report).toMatchObject({ ok: true, problems: [], objects: objects.size, checkedBytes: bytes });
  });

  for (const kind of KINDS)
    it(`[V32] finds a flipped bit in each ${kind} object, and no wrong byte is read`, async () => {
      expect(namesOf(kind).length).toBeGreaterThan(0);
      for (const name of namesOf(kind))
        for (const bit of bitsOf(objects.get(name)!)) {
          const store = await changed((copy) => overwrite(copy, name, flipped(objects.get(name)!, bit)));
          if (kind === 'format') {
            await expectCode('integrity', openTestVault({ ...world, store }));
            continue;
          }
          const { ok, problems } = await verify(store);
          expect([ok, problems.some((problem) => problem.object === name)]).toEqual([false, true]);
          await readAll(store);
        }
    });

  for (const kind of KINDS.filter((each) => each !== 'format'))
    it(`[V33] finds a ${kind} object that is cut off, longer, empty or exchanged`, async () => {
      const [name = '', other = [...objects.keys()].find((each) => parseName(each)?.kind === 'head')!] =
        namesOf(kind);
      const bytes = objects.get(name)!;
      const forms = [
        bytes.slice(0, -1),
        bytes.slice(0, 127),
        bytes.slice(0, 140),
        bytes.slice(0, bytes.length / 2),
        Uint8Array.from([...bytes, 0]),
        new Uint8Array(0),
        objects.get(other === name ? [...objects.keys()][1]! : other)!,
      ];
      for (const form of forms) {
        const store = await changed((copy) => overwrite(copy, name, form));
        expect((await verify(store)).problems.map(({ object }) => object)).toContain(name);
        await readAll(store);
      }
    });

  it('[V34] names the paths that damage hits', async () => {
    const big = namesOf('data').find((name) => objects.get(name)!.length > 10_000) ?? namesOf('data')[1]!;
    const store = await changed((copy) => overwrite(copy, big, flipped(objects.get(big)!, 200 * 8)));
    const [problem] = (await verify(store)).problems;
    expect(problem).toMatchObject({ code: 'damaged', object: big });
    expect(problem!.paths.length).toBeGreaterThan(0);
    for (const path of problem!.paths) expect(path).toMatch(/^w\d+@1:\w\.(?:txt|bin)$/);
    expect(await readAll(store)).toBe(problem!.paths.length);
  });

  it('[V34] names a pack that is gone, with the paths that needed it', async () => {
    for (const kind of ['data', 'tree'] as const)
      for (const name of namesOf(kind)) {
        const store = await changed((copy) => copy.delete(name));
        for (const readData of [true, false]) {
          const { problems } = await verify(store, { readData });
          expect(problems.map(({ code, object }) => [code, object])).toEqual([['missing', name]]);
          expect(problems[0]!.paths.length).toBeGreaterThan(0);
        }
        await readAll(store);
      }
  });

  it('[V34] names segments, key records and owners that the store has not', async () => {
    for (const kind of ['index', 'keys', 'owner'] as const) {
      const [name = ''] = namesOf(kind);
      const store = await changed((copy) => copy.delete(name));
      const { problems } = await verify(store);
      expect(problems.filter(({ code }) => code === 'missing').map(({ object }) => object)).toContain(name);
      await readAll(store);
    }
  });

  it('[V24] with the wrong root key nothing is called damaged', async () => {
    const wrong = await openTestVault(world, noise('wrong root', 32) as typeof ROOT);
    await expectCode('wrong_key', verifyStore(wrong));
  });

  it('[V35] names what is no object of a store', async () => {
    const names = ['stranger', 'tenants/x/data', `${namesOf('head')[0]!.slice(0, -10)}1`];
    const store = await changed(async (copy) => {
      for (const name of names) await copy.put(name, [utf8('x') as Sealed]);
    });
    const { ok, problems } = await verify(store);
    expect(ok).toBe(true);
    expect(problems.map(({ code, object }) => [code, object])).toEqual(
      names.sort().map((name) => ['foreign', name]),
    );
  });

  it('[V35] an object in the place of a tenant that nobody knows is told', async () => {
    const stray = namesOf('index')[0]!.replace(/tenants\/[0-9a-f]+/, `tenants/${'0'.repeat(32)}`);
    const store = await changed((copy) => copy.put(stray, [objects.get(namesOf('index')[0]!)!]));
    expect((await verify(store)).problems.map(({ object }) => object)).toEqual([stray]);
  });

  it('[V32] without reading data it still opens every table and every tree', async () => {
    const name = namesOf('data')[0]!;
    const bytes = objects.get(name)!;
    const inBlock = await changed((copy) => overwrite(copy, name, flipped(bytes, 145 * 8)));
    expect((await verify(inBlock, {})).ok).toBe(true);
    const inTable = await changed((copy) => overwrite(copy, name, flipped(bytes, (bytes.length - 30) * 8)));
    expect((await verify(inTable, {})).problems.map(({ object }) => object)).toEqual([name]);
  });

  it('[V32] works on a disk as in memory, and can be cancelled', async () => {
    const store = openLocalStore(databases.path('disk'));
    for (const [name, bytes] of objects) await store.put(name, [bytes]);
    expect(await verify(store)).toMatchObject({ ok: true, objects: objects.size });
    await expectCode('cancelled', verify(store, { signal: AbortSignal.abort() }));
    for (const readData of [false, true]) {
      const interrupt = new AbortController();
      const onProgress = () => void setImmediate(() => interrupt.abort());
      await expectCode('cancelled', verify(store, { readData, onProgress, signal: interrupt.signal }));
    }
  });

  it('[V33] finds an object that has grown past all bounds, without reading it', async () => {
    const store = openLocalStore(databases.path('grown'));
    for (const [name, bytes] of objects) await store.put(name, [bytes]);
    const grown = KINDS.map((kind) => namesOf(kind)[0]!).filter((name) => name !== 'format');
    for (const name of grown) truncateSync(join(databases.path('grown'), name), 5 * 2 ** 30);
    const { problems } = await verify(store);
    for (const name of grown) expect(problems.map(({ object }) => object)).toContain(name);
  });

  it('[V38] what saves and rebuilds do to the store meanwhile is no problem', async () => {
    // On a disk, where a listing goes on while names come and go.
    const store = openLocalStore(databases.path('busy'));
    for (const [name, bytes] of objects) await store.put(name, [bytes]);
    const busy = { ...world, database: await databases.open('busy.db'), store, random: pinnedRandom('busy') };
    const vault = await Vault.open(busy, async () => [ROOT], { attach: 'rebuild' });
    await adoptTenants(vault);
    const tenant = await vault.tenant('default');
    await rebuildIndex(busy, tenant);
    const kinds = new Set<string>();
    const meanwhile: Store = {
      ...store,
      async *list(prefix, options) {
        for await (const object of store.list(prefix, options)) {
          const kind = parseName(object.name)?.kind ?? '';
          // Each kind in turn: packs appear after packs were listed, segments go before they are read.
          if (prefix === '' && !kinds.has(kind)) {
            kinds.add(kind);
            await saveFiles(busy, tenant, { [`while-${kind}`]: noise(kind, 3000) });
            await rebuildIndex(busy, tenant);
          }
          yield object;
        }
      },
    };
    const watching = { ...busy, store: meanwhile };
    const report = await verifyStore(await openTestVault(watching), { readData: true });
    expect([...kinds].sort()).toEqual(['data', 'format', 'head', 'index', 'keys', 'owner', 'tree']);
    expect(report.problems).toEqual([]);
  });
});
