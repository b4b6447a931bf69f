import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { prepareAttach } from './index.ts';
import type { Engine } from './index.ts';
import { newPlace, save, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

const storeOf = ({ home }: Place) => join(home, 'store');

const recoveryOf = (place: Place) => using(place, ({ keys }) => keys.exportRecovery());

/** A second home on the store of the first. */
async function attached(first: Place, takeOver = false): Promise<Place> {
  const second = newPlace();
  const options = { home: second.home, env: {}, cwd: second.home };
  await prepareAttach(options, storeOf(first), await recoveryOf(first));
  await using(second, ({ store }) => store.attach({ takeOver }));
  return second;
}

const restored = (place: Place, name: string, ref = 'web') =>
  using(place, async ({ workspaces }) => {
    await workspaces.restore(ref, place.out(name));
    return place.out(name);
  });

describe('a store that another home owns', () => {
  it('[E33] is read by a home with its recovery key, and nothing in it is written', async () => {
    const first = newPlace();
    await save(first);
    const before = readdirSync(storeOf(first), { recursive: true }).sort();
    const second = await attached(first);
    expect(differences(first.tree, await restored(second, 'out'))).toEqual([]);
    await expectCode('not_ours', save(second));
    await using(second, async ({ workspaces, store, keys }) => {
      await expectCode('not_ours', store.collect({ margin: 0 }));
      await expectCode('not_ours', store.rebuildIndex());
      await expectCode('not_ours', workspaces.remove('web'));
      await expectCode('not_ours', workspaces.fork('web', 'other'));
      await expectCode('not_ours', keys.rotateTenant('default'));
      expect((await store.verify({ readData: true })).ok).toBe(true);
    });
    expect(readdirSync(storeOf(first), { recursive: true }).sort()).toEqual(before);
    expect((await save(first)).snapshot).toBe(2);
  });

  it('[E33] is attached again to see what is new, and what is gone', async () => {
    const first = newPlace();
    await save(first);
    const second = await attached(first);
    writeFileSync(join(first.tree, 'new'), 'new');
    await save(first);
    await using(first, ({ workspaces }) => workspaces.forget('web@1'));
    await using(second, async ({ workspaces, store }) => {
      expect(await workspaces.log('web')).toHaveLength(1);
      expect(await store.attach()).toMatchObject({ role: 'reader', workspaces: 1, snapshots: 1 });
      expect((await workspaces.log('web')).map(({ snapshot }) => snapshot)).toEqual([2]);
    });
    expect(differences(first.tree, await restored(second, 'out'))).toEqual([]);
  });

  it('[E33] is read on, however often its owner saves and merges what tells of it', async () => {
    const first = newPlace();
    await save(first);
    const second = await attached(first);
    const third = await attached(first);
    for (let at = 0; at < 8; at++) {
      writeFileSync(join(first.tree, `file ${at}`), `new ${at}`);
      await save(first);
    }
    expect(readdirSync(join(third.home, 'db')).length).toBeGreaterThan(0);
    // Verified first by one, read first by the other.
    await using(third, async ({ store }) =>
      expect((await store.verify({ readData: true })).problems).toEqual([]),
    );
    await restored(second, 'out', 'web@1');
    await using(second, async ({ store }) => expect((await store.verify()).ok).toBe(true));
  });

  it('[E34] is taken back: what was removed meanwhile stays removed, and what was saved is there', async () => {
    const first = newPlace();
    for (let at = 0; at < 3; at++) {
      writeFileSync(join(first.tree, `file ${at}`), `new ${at}`);
      await save(first);
    }
    await using(first, ({ workspaces }) => workspaces.save(first.tree, { workspace: 'other' }));
    const second = await attached(first, true);
    writeFileSync(join(second.tree, 'by the second'), 'new');
    await save(second);
    await using(second, async ({ workspaces, store }) => {
      await workspaces.forget('web', { keepLast: 1 });
      await workspaces.remove('other');
      await store.collect({ margin: 0 });
    });
    await using(first, async ({ workspaces, store }) => {
      await store.attach({ takeOver: true });
      expect((await workspaces.log('web')).map(({ snapshot }) => snapshot)).toEqual([4]);
      expect((await workspaces.list()).map(({ name }) => name)).toEqual(['web']);
      expect((await store.verify({ readData: true })).problems).toEqual([]);
    });
    expect(differences(second.tree, await restored(first, 'back'))).toEqual([]);
    expect((await save(first)).snapshot).toBe(5);
    await using(first, ({ store }) => store.collect({ margin: 0 }));
  });

  it('[E34] is taken over by halves: nothing is written until it is taken over again, and what was removed stays so', async () => {
    const first = newPlace();
    for (const name of ['a', 'b']) {
      writeFileSync(join(first.tree, name), name);
      await save(first);
    }
    const second = await attached(first, true);
    await using(second, async ({ workspaces, store }) => {
      await workspaces.forget('web@1');
      await store.collect({ margin: 0 });
    });
    const cut = new AbortController();
    const log = (line: string) => line.startsWith('index of tenant') && cut.abort();
    const { signal } = cut;
    const inOne = async ({ store, workspaces }: Engine) => {
      await expectCode('not_ours', workspaces.save(first.tree, { workspace: 'web' }));
      await expectCode('cancelled', store.attach({ takeOver: true, signal }));
      await expectCode('not_ours', workspaces.save(first.tree, { workspace: 'web' }));
    };
    await using(first, inOne, { log });
    await using(first, ({ store }) => expectCode('not_ours', store.attach()));
    await expectCode('not_ours', save(second));
    await expectCode('not_ours', save(first));
    await using(first, async ({ workspaces, store }) => {
      await expectCode('not_ours', store.collect({ margin: 0 }));
      await expectCode('not_ours', store.rebuildIndex());
      await expectCode('not_ours', workspaces.fork('web', 'other'));
    });
    expect(differences(first.tree, await restored(first, 'between'))).toEqual([]);
    await using(first, async ({ workspaces, store }) => {
      await store.attach({ takeOver: true });
      expect((await workspaces.log('web')).map(({ snapshot }) => snapshot)).toEqual([2]);
      expect((await store.verify({ readData: true })).problems).toEqual([]);
    });
    expect((await save(first)).snapshot).toBe(3);
    await using(first, async ({ workspaces, store }) => {
      await store.collect({ margin: 0 });
      expect((await workspaces.log('web')).map(({ snapshot }) => snapshot)).toEqual([3, 2]);
      expect((await store.verify({ readData: true })).problems).toEqual([]);
    });
  });

  it('[E34] is taken over by another home, and the one that owned it stops, and may take it back', async () => {
    const first = newPlace();
    await save(first);
    const second = await attached(first, true);
    await expectCode('not_ours', save(first));
    await using(first, async ({ workspaces, store }) => {
      await expectCode('not_ours', store.collect({ margin: 0 }));
      await expectCode('not_ours', store.rebuildIndex());
      await expectCode('not_ours', workspaces.remove('web'));
      expect(await workspaces.log('web')).toHaveLength(1);
    });
    writeFileSync(join(second.tree, 'by the second'), 'new');
    expect((await save(second)).snapshot).toBe(2);
    await using(first, ({ store }) => store.attach({ takeOver: true }));
    await expectCode('not_ours', save(second));
    expect(differences(second.tree, await restored(first, 'back', 'web@2'))).toEqual([]);
    expect((await save(first)).snapshot).toBe(3);
  });

  it('[E34] whose database is lost is owned by the one that is made anew', async () => {
    const first = newPlace();
    await save(first);
    const second = newPlace(`storage: { local: { path: '${storeOf(first)}' } }`);
    writeFileSync(join(second.home, 'key'), await recoveryOf(first));
    const options = { env: {}, home: second.home, cwd: second.home };
    await prepareAttach(options, storeOf(first), await recoveryOf(first));
    await expectCode('not_found', save(second));
    expect(await using(second, ({ store }) => store.rebuildIndex())).toMatchObject({ tookOver: true });
    expect(await using(second, ({ store }) => store.rebuildIndex())).toMatchObject({ tookOver: false });
    expect((await save(second)).snapshot).toBe(2);
    await expectCode('not_ours', save(first));
  });

  it('[E35] is attached where a command has failed before', async () => {
    const first = newPlace();
    await save(first);
    const second = newPlace();
    const elsewhere = { config: join(second.home, '..', 'other.yaml') };
    writeFileSync(elsewhere.config, `storage: { local: { path: '${storeOf(first)}' } }`);
    await expectCode('not_found', save(second, elsewhere));
    expect(existsSync(join(second.home, 'db'))).toBe(true);
    const options = { home: second.home, env: {}, cwd: second.home };
    await prepareAttach(options, storeOf(first), await recoveryOf(first));
    await using(second, ({ store }) => store.attach());
    expect(differences(first.tree, await restored(second, 'out'))).toEqual([]);
  });

  it('[E35] is not attached by halves: a mistyped key, no directory, another store leave nothing behind', async () => {
    const first = newPlace();
    await save(first);
    const key = await recoveryOf(first);
    const second = newPlace();
    const options = { home: second.home, env: {}, cwd: second.home };
    await expectCode('bad_input', prepareAttach(options, storeOf(first), key.replace(/.$/, '')));
    await expectCode('not_found', prepareAttach(options, second.out('nowhere'), key));
    expect(readdirSync(second.home)).toEqual([]);
    const own = newPlace();
    await save(own);
    await expectCode(
      'refused',
      prepareAttach({ home: own.home, env: {}, cwd: own.home }, storeOf(first), key),
    );
    expect(existsSync(join(own.home, 'strata.yaml'))).toBe(false);
    const config = `storage: { local: { path: ./elsewhere } }`;
    const configured = newPlace(config);
    const there = { home: configured.home, env: {}, cwd: configured.home };
    await expectCode('refused', prepareAttach(there, storeOf(first), key));
    expect(readFileSync(join(configured.home, 'strata.yaml'), 'utf8')).toBe(config);
    await using(own, async ({ store }) => expectCode('refused', store.attach()));
    expect((await save(own)).snapshot).toBe(2);
  });
});
