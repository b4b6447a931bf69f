import { afterAll, describe, expect, it } from 'vitest';

import { toHex, utf8 } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { noise } from '../testing/noise.ts';
import { contents, failing, recording } from '../testing/stores.ts';
import { TestDatabases, committed, openTestVault, saveFiles, testWorld } from '../testing/vault.ts';
import { parseName } from './names.ts';
import type { SegmentId } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import { chooseSegments, mergeSegments } from './segment-merge.ts';
import type { TenantVault } from './tenant.ts';
import { verifyStore } from './verify.ts';
import type { VaultWorld } from './world.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const MIB = 1024 * 1024;

/** Nobody has taken who merges for dead. */
const alive = async () => {};

const isSegment = (name: string) => parseName(name)?.kind === 'index';
const segmentsIn = async (store: Store) => [...(await contents(store)).keys()].filter(isSegment);
const segmentsInForce = async ({ database }: VaultWorld) =>
  (await database.kysely.selectFrom('segments').select('id').execute()).map(({ id }) => id).sort();

/** As another process sees the same home. */
async function another(world: VaultWorld, seed: string, wrap: (store: Store) => Store = (store) => store) {
  const own = { ...testWorld(world.database, wrap(world.store), seed) };
  return { world: own, tenant: await (await openTestVault(own)).tenant('default') };
}

/** A store with four segments of one chunk each: the next save merges them. */
async function begin() {
  const world = testWorld(await databases.open());
  const tenant = await (await openTestVault(world)).tenant('default');
  const ids: Sha256[] = [];
  for (let at = 0; at < 4; at++)
    ids.push(await committed(world, tenant, (save) => save.writer.chunk(utf8(`${at}`))));
  expect(await segmentsInForce(world)).toHaveLength(4);
  return { world, tenant, ids };
}

/** Whoever opens the store finds every chunk, in one segment, and nothing is wrong. */
async function expectMerged(world: VaultWorld, ids: readonly Sha256[]): Promise<void> {
  const fresh = await another(world, 'fresh');
  const reader = await fresh.tenant.reader();
  for (const [at, id] of ids.entries()) expect(Buffer.from(await reader.chunk(id)).toString()).toBe(`${at}`);
  expect((await fresh.tenant.index()).data.size).toBe(ids.length);
  expect(await segmentsInForce(world)).toHaveLength(1);
  expect((await verifyStore(await openTestVault(world), { readData: true })).problems).toEqual([]);
}

/** Runs `action` once, before the first call of that kind for an index segment. */
function interrupted(store: Store, call: 'put' | 'get', action: () => Promise<unknown>): Store {
  let isDone = false;
  const first = async (name: string) => {
    if (isDone || !isSegment(name)) return;
    isDone = true;
    await action();
  };
  return {
    ...store,
    async put(name, body, options) {
      if (call === 'put') await first(name);
      return store.put(name, body, options);
    },
    async get(name, options) {
      if (call === 'get') await first(name);
      return store.get(name, options);
    },
  };
}

describe('which segments are merged', () => {
  const rowsOf = (sizes: readonly number[]) =>
    sizes.map((size, at) => ({ segment: noise(`${at}`, 16) as SegmentId, size }));
  const choose = (...sizes: readonly number[]) => chooseSegments(rowsOf(sizes)).map(({ size }) => size);

  it('[V52] four of a level, with all below', () => {
    expect(choose()).toEqual([]);
    expect(choose(1000, 1000, 1000)).toEqual([]);
    expect(choose(1000, 2000, 15_000, 900)).toEqual([900, 1000, 2000, 15_000]);
    expect(choose(1000, 20_000, 30_000, 40_000, 900, 60_000)).toEqual([
      900, 1000, 20_000, 30_000, 40_000, 60_000,
    ]);
    // Never a large one because of small ones.
    expect(choose(1000, 1000, 1000, 30 * MIB)).toEqual([]);
    expect(choose(1000, 1000, 1000, 1000, 30 * MIB)).toEqual([1000, 1000, 1000, 1000]);
    // What is merged may be one of four itself.
    expect(choose(15_000, 15_000, 15_000, 15_000, 20_000, 20_000, 20_000)).toHaveLength(7);
    expect(choose(15_000, 15_000, 15_000, 15_000, 20_000, 20_000)).toHaveLength(4);
  });

  it('[V52] no more than fits into memory', () => {
    expect(choose(...Array.from({ length: 9 }, () => 300 * MIB))).toEqual([]);
    expect(choose(...Array.from({ length: 100 }, () => MIB))).toHaveLength(64);
    // Of five that are large no four fit, however many small ones do.
    expect(choose(1000, 1000, 1000, ...Array.from({ length: 5 }, () => 40 * MIB))).toEqual([]);
  });

  it('[V52] so few are left, and each byte is written again once a level', () => {
    for (const sizeAt of [() => 1500, (at: number) => 1000 + ((at * 7919) % 50_000)]) {
      const sizes: number[] = [];
      let [added, written, most] = [0, 0, 0];
      for (let at = 0; at < 2000; at++) {
        const merged = choose(...sizes);
        if (merged.length > 0) {
          for (const size of merged) sizes.splice(sizes.indexOf(size), 1);
          const sum = merged.reduce((total, size) => total + size, 0);
          sizes.push(sum);
          written += sum;
        }
        sizes.push(sizeAt(at));
        added += sizeAt(at);
        most = Math.max(most, sizes.length);
      }
      const levels = Math.ceil(Math.log(added / (16 * 1024)) / Math.log(4)) + 1;
      expect(most).toBeLessThanOrEqual(3 * levels + 1);
      // The lowest level has room for small ones to be written several times.
      expect(written / added).toBeLessThan(levels + 4);
    }
  });
});

describe('a merge', () => {
  it('[V52] happens beside a save, which counts its own bytes alone', async () => {
    const { world, tenant, ids } = await begin();
    const written = await (async () => {
      await using save = await tenant.beginSave();
      save.writer.chunk(utf8('4'));
      const finished = await save.finish();
      await world.database.transaction((tx) => save.commit(tx));
      return finished;
    })();
    expect(await segmentsInForce(world)).toHaveLength(2);
    expect(await segmentsIn(world.store)).toHaveLength(2);
    expect(written.segment!.bytes).toBeLessThan(1000);
    expect(written.storedBytes).toBeLessThan(2000);
    expect((await tenant.index()).data.size).toBe(5);
    for (const id of ids) await (await tenant.reader()).chunk(id);
  });

  it('[V52] is over when its save is, however short that is', async () => {
    const { world, ids } = await begin();
    const slow = await another(world, 'slow', (store) =>
      interrupted(store, 'put', () => new Promise((resolve) => setTimeout(resolve, 50))),
    );
    await (await slow.tenant.beginSave())[Symbol.asyncDispose]();
    await expectMerged(world, ids);
  });

  it('[V52] keeps many saves readable, in few segments', async () => {
    const world = testWorld(await databases.open());
    const tenant = await (await openTestVault(world)).tenant('default');
    for (let at = 0; at < 30; at++) await saveFiles(world, tenant, { file: noise(`${at}`, 100) });
    expect((await segmentsInForce(world)).length).toBeLessThanOrEqual(4);
    expect(await segmentsIn(world.store)).toHaveLength((await segmentsInForce(world)).length);
    const fresh = await another(world, 'fresh');
    const found = await fresh.tenant.index();
    expect([found.data.size, found.tree.size, found.data.packs]).toEqual([30, 30, 30]);
    expect((await verifyStore(await openTestVault(world), { readData: true })).problems).toEqual([]);
  });

  it('[V53] two at once over the same segments: one does it, and nothing is left of the other', async () => {
    const { world, ids } = await begin();
    const two = await another(world, 'two');
    const one = await another(world, 'one', (store) =>
      interrupted(store, 'put', () => mergeSegments(two.world, two.tenant.keyring, alive)),
    );
    await mergeSegments(one.world, one.tenant.keyring, alive);
    expect(await segmentsIn(world.store)).toHaveLength(1);
    await expectMerged(world, ids);
  });

  it('[V53] two saves at once are both whole', async () => {
    const { world, ids } = await begin();
    const [one, two] = [await another(world, 'one'), await another(world, 'two')];
    const saved = await Promise.all(
      [one, two].map(async (each, at) =>
        committed(each.world, each.tenant, (save) => save.writer.chunk(utf8(`${4 + at}`))),
      ),
    );
    await committed(world, two.tenant, (save) => save.writer.chunk(utf8('6')));
    const index = await (await another(world, 'fresh')).tenant.index();
    expect(index.data.size).toBe(7);
    for (const id of [...ids, ...saved]) expect(index.data.has(id)).toBe(true);
    expect(await segmentsIn(world.store)).toHaveLength((await segmentsInForce(world)).length);
  });

  for (const [what, fails] of [
    ['before it is stored', (call: string) => (call === 'put' ? 'before' : undefined)],
    ['between its segment and the commit', (call: string) => (call === 'put' ? 'after' : undefined)],
    ['before what it replaced is deleted', (call: string) => (call === 'delete' ? 'before' : undefined)],
  ] as const)
    it(`[V53] one cut off ${what} is made up for by the next`, async () => {
      const { world, ids } = await begin();
      const before = await segmentsInForce(world);
      const cut = await another(world, 'cut', (store) =>
        failing(store, (call, name) => (isSegment(name) ? fails(call) : undefined)),
      );
      await mergeSegments(cut.world, cut.tenant.keyring, alive);
      expect((await verifyStore(await openTestVault(world), { readData: true })).problems).toEqual([]);
      const isCommitted = what.startsWith('before what');
      if (!isCommitted) expect(await segmentsInForce(world)).toEqual(before);
      const next = await another(world, 'next');
      const more: Sha256[] = [];
      if (isCommitted)
        for (let at = 4; at < 7; at++)
          more.push(await committed(world, next.tenant, (save) => save.writer.chunk(utf8(`${at}`))));
      await mergeSegments(next.world, next.tenant.keyring, alive);
      await expectMerged(world, [...ids, ...more]);
      // Only an object that nothing ever named is left.
      expect(await segmentsIn(world.store)).toHaveLength(what.startsWith('between') ? 2 : 1);
    });

  it('[V53] whoever loads meanwhile finds everything', async () => {
    const { world, ids } = await begin();
    const merging = await another(world, 'merging');
    const { tenant } = await another(world, 'loading', (store) =>
      interrupted(store, 'get', () => mergeSegments(merging.world, merging.tenant.keyring, alive)),
    );
    const index = await tenant.index();
    expect(ids.map((id) => index.data.has(id))).toEqual(ids.map(() => true));
    await expectMerged(world, ids);
  });

  it('[V53] does not bring back a pack that a rebuilt index has left out meanwhile', async () => {
    const { world, tenant, ids } = await begin();
    const rebuilding = await another(world, 'rebuilding');
    const merging = await another(world, 'merging', (store) =>
      interrupted(store, 'put', () => losePack(rebuilding.world, rebuilding.tenant, ids[0]!)),
    );
    await mergeSegments(merging.world, merging.tenant.keyring, alive);
    await expectLost(world, tenant, ids);
  });

  it('[V53] that happens while the index is rebuilt does not keep a lost pack in it', async () => {
    const { world, tenant, ids } = await begin();
    const merging = await another(world, 'merging');
    const rebuilding = await another(world, 'rebuilding', (store) =>
      interrupted(store, 'put', () => mergeSegments(merging.world, merging.tenant.keyring, alive)),
    );
    await losePack(rebuilding.world, rebuilding.tenant, ids[0]!);
    await expectLost(world, tenant, ids);
  });

  it('[V54] done elsewhere costs who has the index one read, and it stays as it is', async () => {
    const { world, ids } = await begin();
    let recorded = recording(world.store);
    const { tenant } = await another(world, 'watching', (store) => (recorded = recording(store)));
    const before = await tenant.index();
    recorded.events.length = 0;
    const merging = await another(world, 'merging');
    await mergeSegments(merging.world, merging.tenant.keyring, alive);
    const after = await tenant.index();
    expect(after).toBe(before);
    expect([after.data.size, after.data.packs]).toEqual([ids.length, ids.length]);
    expect(recorded.events.map(([call]) => call)).toEqual(['get']);
    await tenant.index();
    expect(recorded.events).toHaveLength(1);
  });
});

/** Deletes the pack that has a chunk, and rebuilds the index without it. */
async function losePack(world: VaultWorld, tenant: TenantVault, id: Sha256): Promise<void> {
  const { pack } = (await tenant.index()).data.find(id)!.block;
  const name = [...(await contents(world.store)).keys()].find((each) => each.endsWith(`/${toHex(pack)}`))!;
  await world.store.delete(name);
  await rebuildIndex(world, tenant);
}

/** Nobody believes that the first chunk is there: who had the index before neither. */
async function expectLost(world: VaultWorld, tenant: TenantVault, ids: readonly Sha256[]): Promise<void> {
  for (const { data } of [await (await another(world, 'fresh')).tenant.index(), await tenant.index()])
    expect(ids.map((id) => data.has(id))).toEqual([false, true, true, true]);
  expect(await segmentsIn(world.store)).toHaveLength(1);
  expect((await verifyStore(await openTestVault(world))).problems).toEqual([]);
}
