import { afterAll, describe, expect, it } from 'vitest';

import { toHex } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { noise } from '../testing/noise.ts';
import { StillHome } from '../testing/snapshots.ts';
import { TestDatabases, committed } from '../testing/vault.ts';
import { references } from '../tree/index.ts';
import { verifyStore } from '../vault/index.ts';
import { forgetSnapshots, removeWorkspace, replicate } from './index.ts';
import {
  directory,
  expectClean,
  expectSame,
  manyFiles,
  rowsOf,
  saveDrawn,
  snapshotsOf,
  twoHomes,
} from './replicate.fixture.ts';
import type { DrawnDirectory } from './replicate.fixture.ts';
import { rootOf } from './snapshot-row.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

describe('nodes without what is below them', () => {
  it('[W27] are not taken for a tree', async () => {
    const homes = await twoHomes(databases);
    const { source, target } = homes;
    const row = await saveDrawn(
      source,
      'web',
      directory([
        ['src', manyFiles(30)],
        ['docs', directory([['deep', manyFiles(9, 90)]])],
      ]),
    );
    const reader = await source.tenant.reader();
    const { node } = rootOf(row).tree;
    await committed(target.parts, target.tenant, async ({ writer }) => {
      const top = await reader.node(node);
      writer.node(top);
      const [first] = references(node, top).nodes;
      writer.node(await reader.node(first!));
    });
    await replicate(source.world, target.world, 'web');
    await expectSame(homes);
    await expectClean(target);
  });
});

describe('what happens meanwhile', () => {
  const nested = (edit: number) =>
    directory([
      ['src', directory([['main', { mtime: edit, parts: [edit + 1] }]])],
      ['docs', directory([['deep', manyFiles(9, 90)]])],
    ]);

  it.each(['source', 'target'] as const)(
    '[W27] the workspace is removed and collected in the %s',
    async (side) => {
      let meanwhile: (() => Promise<unknown>) | undefined;
      const wrap = (store: Store): Store => ({
        ...store,
        get: async (name, options) => {
          const run = name.includes('/tree/') ? meanwhile : undefined;
          if (run !== undefined) meanwhile = undefined;
          await run?.();
          return store.get(name, options);
        },
      });
      const homes = await twoHomes(databases, { source: wrap });
      const { source } = homes;
      await saveDrawn(source, 'web', nested(0));
      await replicate(source.world, homes.target.world, 'web');
      await saveDrawn(source, 'web', nested(1));
      const expected = (await snapshotsOf(source, 'web', 1)).get(2);
      // Nothing of them is in memory.
      const [from, to] = [await source.again('from', wrap), await homes.target.again('to')];
      const other = await homes[side].again('other');
      let isRemoved = false;
      meanwhile = async () => {
        await removeWorkspace(other.world, 'web');
        for (let round = 0; round < 2; round++) await other.collect();
        isRemoved = true;
      };
      await replicate(from.world, to.world, 'web');
      expect(isRemoved).toBe(true);
      expect((await snapshotsOf(to, 'web', 1)).get(2)).toEqual(expected);
      for (let round = 0; round < 2; round++) await to.collect();
      await expectClean(to);
    },
  );

  it('[W26] what a verification found damaged is sent anew, wherever in the tree it is', async () => {
    const homes = await twoHomes(databases);
    const { source, target } = homes;
    await saveDrawn(source, 'web', nested(0));
    await replicate(source.world, target.world, 'web');
    for await (const { name } of target.store.list('tenants/'))
      if (name.includes('/data/')) await target.store.delete(name);
    await verifyStore(target.vault);
    await saveDrawn(source, 'web', nested(1));
    await replicate(source.world, target.world, 'web');
    expect((await snapshotsOf(target, 'web', 1)).get(2)).toEqual(
      (await snapshotsOf(source, 'web', 1)).get(2),
    );
    await replicate(source.world, target.world, 'web@1');
    await expectSame(homes);
  });
});

/** Numbers of chance below a bound. */
function dice(seed: string): (below: number) => number {
  const bytes = noise(seed, 100_000);
  let at = 0;
  return (below) => ((bytes[at++]! << 16) | (bytes[at++]! << 8) | bytes[at++]!) % below;
}

function edited(drawn: DrawnDirectory, roll: (below: number) => number): DrawnDirectory {
  const below = new Map(drawn.below);
  const names = [...below.keys()];
  const some = names[roll(Math.max(1, names.length))];
  const item = some === undefined ? undefined : below.get(some);
  const name = `n${roll(60)}`;
  switch (roll(9)) {
    case 0:
      below.set(name, { mtime: roll(5), parts: Array.from({ length: roll(5) }, () => roll(300)) });
      break;
    case 1:
      below.set(name, { mtime: 0, parts: Array.from({ length: 17 + roll(200) }, () => roll(300)) });
      break;
    case 2:
      below.set(name, roll(3) === 0 ? manyFiles(300 + roll(500), roll(100)) : directory());
      break;
    case 3:
      if (some !== undefined) below.delete(some);
      break;
    case 4:
      // Moved within its directory, or a copy of it a level further down.
      if (item !== undefined) below.set(name, roll(2) === 0 ? item : directory([['moved', item]]));
      break;
    case 5:
      if (some !== undefined && item !== undefined) below.set(some, { ...item, mtime: roll(1000) });
      break;
    default:
      if (some !== undefined && item !== undefined && 'below' in item) below.set(some, edited(item, roll));
  }
  return { mtime: drawn.mtime, below };
}

describe('any history', () => {
  it.each(Array.from({ length: 4 }, (_, seed) => seed))(
    '[W27] is replicated whole, number %i',
    async (seed) => {
      const roll = dice(`history ${seed}`);
      // A collection on either side, in the middle of a call of the other.
      let meanwhile: (() => Promise<unknown>) | undefined;
      const wrap = (store: Store): Store => {
        const before = async () => {
          const run = meanwhile;
          meanwhile = undefined;
          await run?.();
        };
        return {
          ...store,
          get: async (name, options) => (await before(), store.get(name, options)),
          put: async (name, body, options) => (await before(), store.put(name, body, options)),
        };
      };
      const homes = await twoHomes(databases, { source: wrap, target: wrap });
      const { source, target } = homes;
      const others = [
        await StillHome.open(source.database, source.store, `collector ${seed}`),
        await StillHome.open(target.database, target.store, `collector of the other ${seed}`),
      ];
      let drawn = directory();
      await saveDrawn(source, 'web', drawn);
      const digests = new Map<string, string>();
      for (let step = 0; step < 16; step++) {
        for (let edits = roll(6); edits > 0; edits--) drawn = edited(drawn, roll);
        const row = await saveDrawn(source, 'web', drawn);
        digests.set(row.id, row.digest);
        const [numbers, there] = [await rowsOf(source, 'web'), await rowsOf(target, 'web')];
        const chosen = numbers[roll(numbers.length)]!.number;
        const which = [undefined, ...others][roll(3)];
        let skip = roll(12);
        const act = async () => {
          if (skip-- > 0) meanwhile = act;
          else await which?.collect();
        };
        meanwhile = act;
        await replicate(source.world, target.world, roll(3) === 0 ? `web@${chosen}` : 'web');
        meanwhile = undefined;
        if (roll(3) === 0 && there.length > 1) await forgetSnapshots(target.world, `web@${there[0]!.number}`);
        if (roll(3) === 0 && numbers.length > 1)
          await forgetSnapshots(source.world, `web@${numbers[0]!.number}`);
        if (roll(12) === 0) await removeWorkspace(target.world, 'web');
        if (roll(3) === 0) await others[roll(2)]!.collect();
      }
      await replicate(source.world, target.world, 'web');
      await expectSame(homes);
      for (const { id, digest } of await rowsOf(target, 'web'))
        expect(digests.get(id) ?? digest).toBe(digest);
      for (const home of others) for (let round = 0; round < 2; round++) await home.collect();
      await expectSame(homes);
      await expectClean(target);
      expect(toHex(rootOf((await rowsOf(target, 'web')).at(-1)!).tree.node)).toBe(
        toHex(rootOf((await rowsOf(source, 'web')).at(-1)!).tree.node),
      );
    },
  );
});
