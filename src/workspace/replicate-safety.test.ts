import { afterAll, describe, expect, it } from 'vitest';

import { isStrataError } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { failing, overwrite, recording } from '../testing/stores.ts';
import { TestDatabases } from '../testing/vault.ts';
import { replicate } from './index.ts';
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

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const nested = (edit = 0) =>
  directory([
    ['a', directory([['b', directory([['c', manyFiles(20, 1000)]])]])],
    ['docs', manyFiles(400, 5000)],
    [
      'src',
      directory([
        ['main', { mtime: edit, parts: [1, edit + 20_000, 3] }],
        ['deep', manyFiles(30, 9000)],
      ]),
    ],
  ]);

/** Bytes that were read of a store, by kind of object. */
function counting(store: Store): Store & { readonly read: Record<string, number> } {
  const read: Record<string, number> = {};
  return {
    ...store,
    read,
    async get(name, options) {
      const bytes = await store.get(name, options);
      const kind = name.split('/')[2] ?? name;
      read[kind] = (read[kind] ?? 0) + bytes.length;
      return bytes;
    },
  };
}

describe('what goes over the wire', () => {
  it('[W25] of an edit it is little, and of what is there nothing', async () => {
    let counted: ReturnType<typeof counting> | undefined;
    const homes = await twoHomes(databases, { source: (store) => (counted = counting(store)) });
    const { source, target } = homes;
    const large = (edit: number) =>
      directory([
        ['big', manyFiles(3000, 10_000)],
        ['src', directory([['main', { mtime: edit, parts: [1, edit + 1, 3] }]])],
      ]);
    await saveDrawn(source, 'web', large(0));
    const reading = async () => {
      const before = { ...counted!.read };
      const result = await replicate(source.world, target.world, 'web');
      const of = (kind: string) => (counted!.read[kind] ?? 0) - (before[kind] ?? 0);
      return { ...result, data: of('data'), tree: of('tree') };
    };
    const first = await reading();
    expect(first.data).toBeGreaterThan(1_500_000);
    expect(first.tree).toBeGreaterThan(100_000);
    await saveDrawn(source, 'web', large(1));
    const second = await reading();
    expect(second).toMatchObject({ already: false, chunks: { needed: 3, sent: 1 } });
    expect(second.data).toBeLessThan(2000);
    expect(second.tree).toBeLessThan(1500);
    expect(second.storedBytes).toBeLessThan(5000);
    // Times alone: a node, and no file data.
    await saveDrawn(source, 'web', {
      ...large(1),
      mtime: 5,
      below: new Map([...large(1).below, ['empty', directory()]]),
    });
    expect(await reading()).toMatchObject({ data: 0, newBytes: 0, chunks: { needed: 0, sent: 0 } });
    expect(await reading()).toMatchObject({ already: true, data: 0, tree: 0, storedBytes: 0 });
    await expectSame(homes);
  });

  it('[W25] a chunk is read once, by few requests, and progress ends where it should', async () => {
    let recorded: ReturnType<typeof recording> | undefined;
    const homes = await twoHomes(databases, { source: (store) => (recorded = recording(store)) });
    const drawn = directory([
      ['one', manyFiles(2000)],
      ['two', manyFiles(2000)],
      ['list', { mtime: 0, parts: Array.from({ length: 300 }, (_, at) => at % 50) }],
    ]);
    const { bytes } = await saveDrawn(homes.source, 'web', drawn);
    recorded!.events.length = 0;
    const seen: number[] = [];
    const { chunks } = await replicate(homes.source.world, homes.target.world, 'web', {
      onProgress: (progress) => {
        expect(progress.totalBytes).toBe(bytes);
        seen.push(progress.bytes);
      },
    });
    expect(chunks.sent).toBe(2000);
    const gets = recorded!.events.filter(([, name]) => name.includes('/data/')).length;
    expect(gets).toBeLessThanOrEqual(3);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(bytes);
  });

  it('[W25] is cancelled at once, and leaves nothing', async () => {
    const { source, target } = await twoHomes(databases);
    await saveDrawn(source, 'web', nested());
    const controller = new AbortController();
    const error = await failureOf(
      replicate(source.world, target.world, 'web', {
        signal: controller.signal,
        onProgress: ({ chunks }) => void (chunks > 0 && controller.abort()),
      }),
    );
    expect(error.code).toBe('cancelled');
    expect(await target.database.kysely.selectFrom('workspaces').selectAll().execute()).toEqual([]);
    for (const home of [source, target])
      expect(await home.database.kysely.selectFrom('intents').selectAll().execute()).toEqual([]);
  });
});

describe('a replication that fails', () => {
  it.each(['source', 'target'] as const)(
    '[W26] at any call of the store of the %s leaves all or nothing',
    async (side) => {
      let [calls, failsAt] = [0, -1];
      let how: 'before' | 'after' = 'before';
      const wrap = (store: Store) =>
        failing(store, (call, name) => {
          // Of the index also what is merged beside: that may fail, and nobody is bothered.
          const counts = call === 'put' || (call === 'get' && !name.includes('/index/'));
          return counts && calls++ === failsAt ? how : undefined;
        });
      const homes = await twoHomes(databases, { [side]: wrap });
      const { source, target } = homes;
      const published = async () => (await rowsOf(target, 'web')).map((row) => [row.number, row.published]);
      await saveDrawn(source, 'web', nested(0));
      await replicate(source.world, target.world, 'web');
      let failures = 0;
      for (let step = 0; step < 20; step++) {
        const { number } = await saveDrawn(source, 'web', nested(step + 1));
        const before = await published();
        how = step % 2 === 0 ? 'before' : 'after';
        [calls, failsAt] = [0, step >> 1];
        const error = await replicate(source.world, target.world, 'web').then(
          () => undefined,
          (reason: unknown) => reason,
        );
        failsAt = -1;
        if (error !== undefined && !isStrataError(error, 'unavailable')) throw error;
        if (error !== undefined) failures++;
        const after = await published();
        const isThere = after.length > before.length;
        if (isThere) expect(after.map(([each]) => each)).toEqual([...before.map(([each]) => each), number]);
        else expect(after).toEqual(before);
        expect((await replicate(source.world, target.world, 'web')).already).toBe(isThere);
        expect(await published()).toEqual([...before, [number, 1]]);
      }
      expect(failures).toBeGreaterThan(side === 'source' ? 3 : 8);
      await expectSame(homes);
      await expectClean(target);
      for (let round = 0; round < 2; round++) await target.collect();
      await expectSame(homes);
      await expectClean(target);
    },
  );

  it('[W25] [W26] does not send again what it has sent', async () => {
    let fails = true;
    let [recorded, counted]: [ReturnType<typeof recording>?, ReturnType<typeof counting>?] = [];
    const homes = await twoHomes(databases, {
      source: (store) => (counted = counting(store)),
      target: (store) =>
        (recorded = recording(
          failing(store, (call, name) =>
            fails && call === 'put' && name.includes('/index/') ? 'before' : undefined,
          ),
        )),
    });
    const { source, target } = homes;
    await saveDrawn(source, 'web', directory([['many', manyFiles(4000)]]));
    await expectCode('unavailable', replicate(source.world, target.world, 'web'));
    expect(await target.database.kysely.selectFrom('workspaces').selectAll().execute()).toEqual([]);
    fails = false;
    recorded!.events.length = 0;
    const before = { ...counted!.read };
    expect(await replicate(source.world, target.world, 'web')).toMatchObject({
      newBytes: 0,
      chunks: { sent: 0 },
    });
    expect(counted!.read['data']).toBe(before['data']);
    expect(recorded!.events.filter(([call, name]) => call === 'put' && name.includes('/data/'))).toEqual([]);
    await expectSame(homes);
    await expectClean(target);
  });

  it('[W26] on a damaged chunk names it, shows nothing, and goes on when it is mended', async () => {
    const homes = await twoHomes(databases);
    const { source, target } = homes;
    await saveDrawn(source, 'web', nested());
    for await (const { name } of source.store.list('tenants/')) {
      if (!name.includes('/data/')) continue;
      const bytes = await source.store.get(name);
      await overwrite(source.store, name, bytes.with(bytes.length >> 1, bytes[bytes.length >> 1]! ^ 1));
      const error = await failureOf(replicate(source.world, target.world, 'web'));
      expect(error).toMatchObject({ code: 'integrity', details: { object: name, side: 'source' } });
      expect(error.message).toMatch(/^web@1 cannot be read to its end: .*\/data\//);
    }
    expect(await target.database.kysely.selectFrom('workspaces').selectAll().execute()).toEqual([]);
    await saveDrawn(source, 'web', nested());
    await replicate(source.world, target.world, 'web');
    await expectSame(homes);
    await expectClean(target);
  });

  it('[W26] on damage of what is there names it, and the next one sends it anew', async () => {
    const homes = await twoHomes(databases);
    const { source, target } = homes;
    await saveDrawn(source, 'web', nested(0));
    await replicate(source.world, target.world, 'web');
    await saveDrawn(source, 'web', nested(1));
    const trees: string[] = [];
    for await (const { name } of target.store.list('tenants/')) if (name.includes('/tree/')) trees.push(name);
    for (const name of trees) await overwrite(target.store, name, noise('damage', 3000) as Sealed);
    const other = await target.again('other');
    const error = await failureOf(replicate(source.world, other.world, 'web'));
    expect(error).toMatchObject({ code: 'integrity', details: { object: trees[0], side: 'target' } });
    expect(await replicate(source.world, other.world, 'web')).toMatchObject({ already: false });
    const [original] = await snapshotsOf(source, 'web', 1);
    expect(await snapshotsOf(target, 'web', 1)).toEqual(new Map([original!]));
    // What is there already is mended too.
    expect(await replicate(source.world, other.world, 'web@1')).toMatchObject({ already: true });
    for (let round = 0; round < 2; round++) await target.collect();
    expect(await rowsOf(target, 'web')).toHaveLength(2);
    await expectSame(homes);
    await expectClean(target);
  });
});
