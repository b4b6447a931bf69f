import { afterAll, describe, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { failing, recording } from '../testing/stores.ts';
import { TestDatabases, committed, openTestVault, testWorld } from '../testing/vault.ts';
import { parseName } from './names.ts';

const databases = new TestDatabases();
afterAll(() => databases[Symbol.asyncDispose]());

async function open(wrap: (store: Store) => Store = (store) => store) {
  const memory = openMemoryStore();
  const world = testWorld(await databases.open(), memory);
  await (await openTestVault(world)).tenant('default');
  const wrapped = { ...world, store: wrap(memory) };
  const tenant = await (await openTestVault(wrapped)).tenant('default');
  return { world: wrapped, memory, tenant };
}

const intents = (database: Database) => database.kysely.selectFrom('intents').selectAll().execute();

describe('a save', () => {
  it('[V17] announces itself before it reads the index or writes anything, and takes that back at its end', async () => {
    let recorded = recording(openMemoryStore());
    const { world, tenant } = await open((store) => (recorded = recording(store)));
    await committed(world, tenant, (save) => save.writer.chunk(utf8('earlier')));
    recorded.events.length = 0;
    {
      await using save = await tenant.beginSave();
      expect(await intents(world.database)).toHaveLength(1);
      save.writer.chunk(utf8('content'));
      await save.finish();
      await world.database.transaction((tx) => save.commit(tx));
      expect(await intents(world.database)).toHaveLength(0);
    }
    const puts = recorded.events.filter(([call]) => call === 'put').map(([, name]) => parseName(name)?.kind);
    expect(puts).toEqual(['data', 'index']);
  });

  it('[V17] the index is read after the announcement', async () => {
    const announcedThen: unknown[] = [];
    const { world, tenant } = await open();
    await committed(world, tenant, (save) => save.writer.chunk(utf8('earlier')));
    const get: Store['get'] = async (name, options) => {
      const kind = parseName(name)?.kind;
      if (kind === 'index') announcedThen.push([kind, (await intents(world.database)).length]);
      return world.store.get(name, options);
    };
    const watching = { ...world, store: { ...world.store, get } };
    const another = await (await openTestVault(watching)).tenant('default');
    await (await another.beginSave())[Symbol.asyncDispose]();
    expect(announcedThen).toEqual([['index', 1]]);
  });

  it('[V18] what was committed is found by every later save and reader, in other processes too', async () => {
    const { world, tenant, memory } = await open();
    const other = await (await openTestVault({ ...world, store: memory })).tenant('default');
    await other.index();
    const id = await committed(world, tenant, (save) => save.writer.chunk(utf8('content')));
    expect(Buffer.from(await (await other.reader()).chunk(id)).toString()).toBe('content');
    await using save = await other.beginSave();
    save.writer.chunk(utf8('content'));
    expect(await save.finish()).toMatchObject({ tables: [], newBytes: 0 });
  });

  it('[V18] what was not committed is found by nobody', async () => {
    const { world, tenant } = await open();
    {
      await using save = await tenant.beginSave();
      save.writer.chunk(utf8('content'));
      await save.finish();
    }
    expect(await intents(world.database)).toHaveLength(0);
    await expectCode('integrity', (await tenant.reader()).chunk(sha256(utf8('content'))));
  });

  it('[V18] a transaction that rolls back commits nothing', async () => {
    const { world, tenant } = await open();
    await using save = await tenant.beginSave();
    save.writer.chunk(utf8('content'));
    await save.finish();
    const rolledBack = world.database.transaction(async (tx) => {
      await save.commit(tx);
      throw new Error('lost the race');
    });
    await expect(rolledBack).rejects.toThrow('lost the race');
    expect((await tenant.index()).data.size).toBe(0);
    await world.database.transaction((tx) => save.commit(tx));
    expect((await tenant.index()).data.size).toBe(1);
  });

  it('[V19] a save that others gave up is refused', async () => {
    const { world, tenant } = await open();
    await using save = await tenant.beginSave();
    save.writer.chunk(utf8('content'));
    await save.finish();
    await world.database.kysely.deleteFrom('intents').execute();
    await expectCode(
      'refused',
      world.database.transaction((tx) => save.commit(tx)),
    );
    expect((await tenant.index()).data.size).toBe(0);
  });

  it('[V19] a save commits once', async () => {
    const { world, tenant } = await open();
    await using save = await tenant.beginSave();
    await save.finish();
    await world.database.transaction((tx) => save.commit(tx));
    await expectCode(
      'refused',
      world.database.transaction((tx) => save.commit(tx)),
    );
  });

  it('[V20] a beginning that fails leaves no announcement', async () => {
    let armed = false;
    const { world, tenant } = await open((store) =>
      failing(store, (call, name) =>
        armed && call === 'get' && parseName(name)?.kind === 'index' ? 'after' : undefined,
      ),
    );
    await committed(world, tenant, (save) => save.writer.chunk(utf8('earlier')));
    const another = await (await openTestVault(world)).tenant('default');
    armed = true;
    await expectCode('unavailable', another.beginSave());
    expect(await intents(world.database)).toHaveLength(0);
  });

  it('[V20] a store that fails at the end does not undo a commit, nor hide why there was none', async () => {
    const { world, tenant } = await open((store) =>
      failing(store, (call) => (call === 'delete' ? 'before' : undefined)),
    );
    const id = await committed(world, tenant, (save) => save.writer.chunk(utf8('content')));
    expect(toHex(id)).toBe(toHex(sha256(utf8('content'))));
    await expectCode(
      'unavailable',
      (async () => {
        await using save = await tenant.beginSave();
        save.writer.chunk(utf8('other'));
        await world.store.delete('tenants/x');
      })(),
    );
    expect(await intents(world.database)).toHaveLength(0);
  });

  it('[V18] an index out of force is forgotten', async () => {
    const { world, tenant } = await open();
    await committed(world, tenant, (save) => save.writer.chunk(utf8('content')));
    expect((await tenant.index()).data.size).toBe(1);
    await world.database.kysely.deleteFrom('segments').execute();
    expect((await tenant.index()).data.size).toBe(0);
  });

  it('[V18] an index that many ask for is loaded once', async () => {
    let recorded = recording(openMemoryStore());
    const { world, tenant } = await open((store) => (recorded = recording(store)));
    await committed(world, tenant, (save) => save.writer.chunk(utf8('content')));
    const another = await (await openTestVault(world)).tenant('default');
    recorded.events.length = 0;
    await Promise.all([another.index(), another.index(), another.reader()]);
    expect(recorded.events).toHaveLength(1);
  });

  it('[V41] a beginning sweeps away what broken-off puts left long ago', async () => {
    const { world, tenant } = await open();
    const swept: number[] = [];
    const sweep = async (olderThan: number) => swept.push(olderThan);
    const watched = await openTestVault({ ...world, store: { ...world.store, sweep } });
    const save = await (await watched.tenant(tenant.name)).beginSave();
    await save[Symbol.asyncDispose]();
    expect(swept).toEqual([24 * 60 * 60 * 1000]);
  });
});
