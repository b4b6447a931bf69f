import { afterAll, describe, expect, it, vi } from 'vitest';

import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { StillHome, storeFiles } from '../testing/snapshots.ts';
import type { SavedContent } from '../testing/snapshots.ts';
import { contents } from '../testing/stores.ts';
import { TestDatabases } from '../testing/vault.ts';
import {
  DAY,
  HOUR,
  committedLate,
  expectWhole,
  forget,
  names,
  some,
  storedBytes,
} from './collected.fixture.ts';
import { parseName } from './names.ts';
import { rebuildIndex } from './rebuild.ts';
import { verifyStore } from './verify.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async (store?: Store) => StillHome.open(await databases.open(), store);

describe('a collection', () => {
  it('[V80] takes what no snapshot needs, and nothing else', async () => {
    const home = await open();
    const gone = await home.save('a', some('gone', 3_000_000));
    await home.save('b', some('kept'));
    await forget(home, gone);
    const collected = await home.collect();
    expect(collected.waiting).toEqual([]);
    expect(collected.deletedObjects).toBeGreaterThan(0);
    await expectWhole(home, some('kept'));
    expect(await storedBytes(home.store)).toBeLessThan(20_000);
    expect(await names(home.store, 'head')).toHaveLength(1);
  });

  it('[V80] waits for the margin, and says so', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.save('a', some('kept'));
    const { waiting, deletedObjects } = await home.collect(HOUR);
    expect(waiting).toMatchObject([{ for: 'margin', objects: 2, until: home.now + HOUR }]);
    // The head of what was forgotten, which nobody can need.
    expect(deletedObjects).toBe(1);
    home.now += HOUR - 1;
    expect((await home.collect(HOUR)).deletedObjects).toBe(0);
    home.now += 1;
    expect((await home.collect(HOUR)).deletedObjects).toBe(2);
    await expectWhole(home, some('kept'));
  });

  it('[V81] leaves at most a quarter more than what is needed, whatever was saved and forgotten', async () => {
    const home = await open();
    const kept: { readonly row: { readonly id: string }; readonly files: SavedContent }[] = [];
    for (let round = 0; round < 24; round++) {
      const files: Record<string, Uint8Array> = {};
      for (let at = 0; at < 12; at++) {
        const which = (round * 7 + at * 5) % 40;
        files[`f${which}`] = noise(`file ${which} ${round % 3}`, 20_000 + which * 1000);
      }
      kept.push({ row: await home.save('a', files), files });
      if (round % 2 === 1) await forget(home, kept.splice((round * 5) % (kept.length - 1), 1)[0]!.row);
      if (round % 5 === 4) await home.collect();
    }
    await home.collect();
    await expectWhole(home, ...kept.map(({ files }) => files));
    const { liveBytes, rewrittenBytes } = await home.collect(0, true);
    expect(await storedBytes(home.store)).toBeLessThan(1.25 * liveBytes);
    expect(rewrittenBytes).toBe(0);
  });

  it('[V82] that is only tried out changes nothing', async () => {
    const home = await open();
    const gone = await home.save('a', some('gone'));
    await home.save('a', some('kept'));
    await forget(home, gone);
    const before = await contents(home.store);
    const { condemned, deletedObjects } = await home.collect(0, true);
    expect(condemned.dead.objects).toBe(2);
    expect(deletedObjects).toBe(0);
    expect(await contents(home.store)).toEqual(before);
    expect(await home.database.kysely.selectFrom('condemned').selectAll().execute()).toEqual([]);
    const { epoch } = await home.database.kysely
      .selectFrom('tenants')
      .select('epoch')
      .executeTakeFirstOrThrow();
    expect(epoch).toBe(1);
  });

  it('[V84] keeps what a save of an earlier epoch refers to, and gives it back when that commits', async () => {
    const home = await open();
    const { collected } = await committedLate(home);
    expect(collected.waiting).toMatchObject([{ for: 'save' }]);
    await home.collect();
    expect(await home.database.kysely.selectFrom('condemned').selectAll().execute()).toEqual([]);
    await expectWhole(home, some('shared', 50_000));
  });

  it('[V84] a save of the new epoch does not refer to what is condemned', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('shared', 50_000)));
    await home.collect(HOUR);
    const row = await home.save('b', some('shared', 50_000));
    expect(row.new_bytes).toBe(50_000);
    home.now += HOUR;
    expect((await home.collect(HOUR)).deletedObjects).toBeGreaterThan(0);
    await expectWhole(home, some('shared', 50_000));
  });

  it('[V85] takes a save for dead that has expired, and refuses its commit', async () => {
    const home = await open();
    const other = await home.again('other');
    await using save = await other.tenant.beginSave();
    const tree = storeFiles(save.writer, some('late'));
    await save.finish();
    home.now += DAY;
    await home.collect();
    expect(await names(home.store, 'data')).toEqual([]);
    await expectCode('refused', other.commit(save, 'b', tree));
    await expectWhole(home);
  });

  it('[V85] but not one that lives: it is renewed every few hours', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const home = await open();
      const other = await home.again('other');
      await using save = await other.tenant.beginSave();
      const tree = storeFiles(save.writer, some('long'));
      await save.finish();
      for (let hours = 0; hours < 48; hours += 6) {
        home.now += 6 * HOUR;
        other.now = home.now;
        vi.advanceTimersByTime(6 * HOUR);
        // A statement that was begun before this one has ended when this one has.
        await home.database.kysely.selectFrom('intents').selectAll().execute();
      }
      expect((await home.collect()).waiting).toMatchObject([{ for: 'save' }]);
      await other.commit(save, 'b', tree);
      await home.collect();
      await expectWhole(home, some('long'));
    } finally {
      vi.useRealTimers();
    }
  });

  it('[V85] takes a save for dead whose process is gone', async () => {
    const home = await open();
    const other = await home.again('other');
    const save = await other.tenant.beginSave();
    const tree = storeFiles(save.writer, some('dead'));
    await save.finish();
    const { holder } = await home.database.kysely
      .selectFrom('intents')
      .select('holder')
      .executeTakeFirstOrThrow();
    const [, , ...place] = holder.split('-');
    await home.database.kysely
      .updateTable('intents')
      .set({ holder: ['999999999', '1', ...place].join('-') })
      .execute();
    expect((await home.collect()).waiting).toEqual([]);
    expect(await names(home.store, 'data')).toEqual([]);
    await expectCode('refused', other.commit(save, 'b', tree));
    await save[Symbol.asyncDispose]();
  });

  it('[V86] a verification holds up all deletion', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.collect(HOUR);
    home.now += HOUR;
    const slow: Store = {
      ...home.store,
      async *list(prefix, options) {
        if (prefix === '') expect((await home.collect(HOUR)).waiting).toMatchObject([{ for: 'read' }]);
        yield* home.store.list(prefix, options);
      },
    };
    const watcher = await home.again('verifying', () => slow);
    expect((await verifyStore(watcher.vault, { readData: true })).problems).toEqual([]);
    expect((await home.collect(HOUR)).waiting).toEqual([]);
  });

  it('[V38] deletes what it had written anew while a verification begins, and nothing is called missing', async () => {
    const home = await open();
    // Small packs, as many as are written anew together.
    const files = Array.from({ length: 9 }, (_, at) => some(`file ${at}`));
    for (const [at, each] of files.entries()) await home.save(`w${at}`, each);
    const listed = Promise.withResolvers<void>();
    const deleted = Promise.withResolvers<void>();
    const watcher = await home.again('verifying', (store) => ({
      ...store,
      async *list(prefix, options) {
        yield* store.list(prefix, options);
        if (prefix !== '') return;
        listed.resolve();
        await deleted.promise;
      },
    }));
    let verification: ReturnType<typeof verifyStore> | undefined;
    const collector = await home.again('collecting', (store) => ({
      ...store,
      async delete(name, options) {
        if (parseName(name)?.kind === 'tree') {
          verification ??= verifyStore(watcher.vault, { readData: true });
          await listed.promise;
        }
        return store.delete(name, options);
      },
    }));
    const { condemned } = await collector.collect();
    expect(condemned.moved.objects).toBeGreaterThan(9);
    deleted.resolve();
    expect((await verification!).problems).toEqual([]);
    await expectWhole(home, ...files);
  });

  it('[V89] takes what saves left that were given up', async () => {
    const home = await open();
    {
      await using save = await home.tenant.beginSave();
      storeFiles(save.writer, some('given up', 100_000));
      await save.finish();
    }
    const { condemned } = await home.collect();
    expect(condemned.orphan.objects).toBe(3);
    for (const kind of ['data', 'tree', 'index']) expect(await names(home.store, kind)).toEqual([]);
  });

  it('[V89] goes on where another one was cut off, also when the index was rebuilt between', async () => {
    const home = await open();
    await forget(home, await home.save('a', some('gone')));
    await home.save('a', some('kept'));
    const broken = await home.again('broken', (store) => ({
      ...store,
      delete: async (name) => {
        if (parseName(name)?.kind === 'data') throw new Error('the process dies');
        return store.delete(name);
      },
    }));
    await expect(broken.collect()).rejects.toThrow('the process dies');
    await rebuildIndex(home.parts, home.tenant);
    await expectWhole(home, some('kept'));
    await home.collect();
    expect(await names(home.store, 'data')).toHaveLength(1);
    await expectWhole(home, some('kept'));
  });
});
