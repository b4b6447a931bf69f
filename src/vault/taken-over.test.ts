import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';

import { sha256 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { StillHome, storeFiles } from '../testing/snapshots.ts';
import type { SavedContent } from '../testing/snapshots.ts';
import { contents, failing, overwrite, recording } from '../testing/stores.ts';
import { TestDatabases } from '../testing/vault.ts';
import { MIB, kill, killed, large, rows, sentBy } from './broken-off.fixture.ts';
import { expectWhole, names, some } from './collected.fixture.ts';
import { parseName } from './names.ts';
import type { Save } from './save.ts';
import { verifyStore } from './verify.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

const open = async (store?: Store) => StillHome.open(await databases.open(), store);

describe('a save after one that was broken off', () => {
  it('[V42] stores nothing large again, and puts it into force', async () => {
    const home = await open();
    await killed(home, 'dead', large('content'));
    expect(await rows(home)).toMatchObject([{ kind: 'data' }]);
    const [pack = ''] = await names(home.store, 'data');
    expect((await sentBy(home, 'next', large('content')))['data']).toBeUndefined();
    expect(await names(home.store, 'data')).toEqual([pack]);
    expect(await rows(home)).toEqual([]);
    await expectWhole(home, large('content'));
    // Of the dead one are left its segment and its small packs.
    const { condemned } = await home.collect();
    expect(condemned.orphan.objects).toBe(2);
    expect(await names(home.store, 'data')).toEqual([pack]);
    await expectWhole(home, large('content'));
  });

  it('[V42] also after a store that failed in the middle', async () => {
    let puts = 0;
    const store = failing(openMemoryStore(), (call, name) => {
      if (call !== 'put' || parseName(name)?.kind !== 'data') return undefined;
      return ++puts === 2 ? 'before' : undefined;
    });
    const home = await open(store);
    const files = { ...some('a', 33 * MIB), ...some('b', 33 * MIB) };
    const chunks = (sink: Save['writer']) => {
      for (const bytes of Object.values(files))
        for (let at = 0; at < bytes.length; at += MIB) sink.chunk(bytes.subarray(at, at + MIB));
    };
    const broken = async () => {
      await using save = await home.tenant.beginSave();
      chunks(save.writer);
      await save.finish();
    };
    await expectCode('unavailable', broken());
    const noted = await rows(home);
    expect(noted).toHaveLength((await names(home.store, 'data')).length);
    expect(noted.length).toBeGreaterThan(0);
    await using save = await home.tenant.beginSave();
    chunks(save.writer);
    const { storedBytes } = await save.finish();
    const before = noted.reduce((sum, { size }) => sum + size, 0);
    expect(storedBytes).toBeLessThan(67 * MIB - before);
  });

  it('[V42] a save that gives up leaves what it took over to the next, whichever that is', async () => {
    const home = await open();
    await killed(home, 'dead', large('content'));
    await (await home.tenant.beginSave())[Symbol.asyncDispose]();
    expect(await rows(home)).toHaveLength(1);
    await home.save('other', some('something else'));
    expect(await rows(home)).toEqual([]);
    expect((await sentBy(home, 'next', large('content')))['data']).toBeUndefined();
    await expectWhole(home, large('content'), some('something else'));
  });

  it('[V42] small packs cost no row, and beginnings no request when there is nothing to take over', async () => {
    const recorded = recording(openMemoryStore());
    const home = await open(recorded);
    await killed(home, 'dead', some('small'));
    expect(await rows(home)).toEqual([]);
    recorded.events.length = 0;
    await (await home.tenant.beginSave())[Symbol.asyncDispose]();
    expect(recorded.events).toEqual([]);
  });

  it('[V43] two that begin at once share what there is, and take nothing of one that is alive', async () => {
    const home = await open();
    await killed(home, 'one', large('one'));
    await killed(home, 'two', large('two'));
    const [a, b] = [await home.again('a'), await home.again('b')];
    const living = await a.tenant.beginSave();
    storeFiles(living.writer, large('living'));
    await living.finish();
    const others = await Promise.all([b.tenant.beginSave(), home.tenant.beginSave()]);
    const known = (save: Save, seed: string) => save.writer.has(sha256(Object.values(large(seed))[0]!), 0);
    expect([living, ...others].map((save) => ['one', 'two'].map((seed) => known(save, seed)))).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    expect(others.map((save) => known(save, 'living'))).toEqual([false, false]);
    for (const save of [living, ...others]) await save[Symbol.asyncDispose]();
  });

  it('[V43] what it took over is known to it alone, and no tree by its top', async () => {
    const home = await open();
    const [bytes] = Object.values(large('node')) as [Uint8Array];
    const dead = await (await home.again('dead')).tenant.beginSave();
    const node = dead.writer.node(bytes);
    await dead.finish();
    await kill(home);
    expect(await rows(home)).toMatchObject([{ kind: 'tree' }]);
    await using save = await home.tenant.beginSave();
    await using beside = await home.tenant.beginSave();
    expect([save, beside].map(({ writer }) => writer.hasNode(node))).toEqual([false, false]);
    for (const { writer } of [save, beside]) writer.node(bytes);
    expect((await save.finish()).tables).toEqual([]);
    expect((await beside.finish()).tables).toHaveLength(1);
  });

  it('[V44] passes over what is missing, damaged or suspect, and says so', async () => {
    const home = await open();
    for (const seed of ['whole', 'missing', 'damaged', 'suspect']) await killed(home, seed, large(seed));
    const nameOf = async (at: number) => {
      const { id } = (
        await home.database.kysely
          .selectFrom('sent_packs')
          .select('id')
          .orderBy('rowid' as 'id')
          .execute()
      )[at]!;
      return (await names(home.store, 'data')).find((name) => name.endsWith(id))!;
    };
    const [, missing, damaged, suspect] = await Promise.all([0, 1, 2, 3].map(nameOf));
    await home.store.delete(missing!);
    const lost = (await contents(home.store)).get(suspect!)!;
    await overwrite(home.store, suspect!, lost.with(5000, lost[5000]! ^ 1));
    await verifyStore(home.vault, { readData: true });
    const bytes = (await contents(home.store)).get(damaged!)!;
    await overwrite(home.store, damaged!, bytes.with(bytes.length - 20, bytes.at(-20)! ^ 1));
    const lines: string[] = [];
    const next = await home.again('next');
    Object.assign(next.parts, { log: (line: string) => lines.push(line) });
    const files = { ...large('whole'), ...large('missing'), ...large('damaged'), ...large('suspect') };
    await next.save('web', files);
    expect(lines.filter((line) => line.includes('is not taken over'))).toHaveLength(3);
    expect(lines.find((line) => line.startsWith('taken over'))).toContain('2.0 MB in 1 pack');
    expect(await rows(home)).toEqual([]);
    await home.store.delete(damaged!);
    await home.store.delete(suspect!);
    await expectWhole(home, files);
  });

  it('[V44] eight packs are read at a time, of however many', async () => {
    const home = await open();
    const writer = await home.again('many');
    Object.assign(writer.parts, { leastNoted: 0 });
    for (let at = 0; at < 20; at++) {
      const save = await writer.tenant.beginSave();
      storeFiles(save.writer, some(`${at}`));
      await save.finish();
      await save[Symbol.asyncDispose]();
    }
    let [busy, most] = [0, 0];
    const next = await home.again('next', (store) => ({
      ...store,
      async size(name, options) {
        most = Math.max(most, ++busy);
        await setImmediate();
        busy--;
        return store.size(name, options);
      },
    }));
    const all = Object.assign({}, ...Array.from({ length: 20 }, (_, at) => some(`${at}`))) as SavedContent;
    const before = (await names(home.store, 'data')).length;
    await next.save('web', all);
    expect([before, most]).toEqual([20, 8]);
    expect(await names(home.store, 'data')).toHaveLength(20);
    await expectWhole(home, all);
  });

  it('[V44] a store that does not answer ends it, and what can be taken over stays', async () => {
    const home = await open();
    await killed(home, 'dead', large('content'));
    const silent = await home.again('silent', (store) =>
      failing(store, (call, name) => (call === 'get' && name.includes('/data/') ? 'before' : undefined)),
    );
    await expectCode('unavailable', silent.tenant.beginSave());
    expect(await rows(home)).toHaveLength(1);
    expect((await sentBy(home, 'next', large('content')))['data']).toBeUndefined();
  });
});
