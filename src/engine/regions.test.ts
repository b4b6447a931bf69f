import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { expectCode, failureOf } from '../testing/expect-code.ts';
import { collect } from '../testing/home.ts';
import { noise } from '../testing/noise.ts';
import { prepareAttach } from './index.ts';
import { newPlace, using } from './place.fixture.ts';
import { expectRestored, regionPlace, saveTo } from './regions.fixture.ts';

const text = async (parts: AsyncIterable<Uint8Array>) => Buffer.concat(await collect(parts)).toString();

describe('regions', () => {
  it('[E40] each is a whole store of its own, made by the first save to it and by nothing else', async () => {
    const place = regionPlace('eu', 'us');
    await expectCode(
      'not_found',
      using(place, ({ store }) => store.stats({ region: 'eu' })),
    );
    await saveTo(place, 'web', 'eu');
    // Not even the one of `storage`.
    expect(existsSync(place.store('default'))).toBe(false);
    await saveTo(place, 'home');
    await using(place, async ({ store, keys, runs }) => {
      for (const call of [store.stats, store.verify, store.collect, store.rebuildIndex])
        await expectCode('not_found', call({ region: 'us' }));
      expect(existsSync(place.store('us'))).toBe(false);
      expect(await runs.list()).toEqual([]);
      const { regions } = await keys.status();
      expect(regions.map(({ region }) => region)).toEqual(['default', 'eu']);
      expect(new Set(regions.map(({ storeId }) => storeId)).size).toBe(2);
      for (const region of ['default', 'eu']) {
        expect(await store.verify({ region, readData: true })).toMatchObject({ ok: true });
        expect(await store.stats({ region })).toMatchObject({ workspaces: 1, snapshots: 1, files: 1 });
      }
    });
    const [first, second] = [place.objects('default'), place.objects('eu')];
    expect(first.filter((name) => second.includes(name))).toEqual(['format', 'owner/0000000001']);
    expect(first.some((name) => name.startsWith('keys/'))).toBe(true);
    expect(second.some((name) => name.includes('/heads/'))).toBe(true);
    await expectRestored(place, 'web', 'out');
  });

  it('[E41] a workspace is found where it lives, by every command', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    await saveTo(place, 'docs', 'us');
    writeFileSync(join(place.tree, 'new'), 'new');
    expect(await saveTo(place, 'web')).toMatchObject({ snapshot: 2, newBytes: 3 });
    expect(await saveTo(place, 'web', 'eu')).toMatchObject({ snapshot: 3 });
    await using(place, async ({ workspaces, store }) => {
      expect((await workspaces.log('web')).map(({ snapshot }) => snapshot)).toEqual([3, 2, 1]);
      expect(await text(workspaces.cat('web:new'))).toBe('new');
      expect(await collect(workspaces.ls('docs'))).toHaveLength(1);
      expect(await collect(workspaces.manifest('web'))).toHaveLength(2);
      expect((await workspaces.why('web:new')).changes).toMatchObject([{ snapshot: 2, change: 'added' }]);
      expect((await workspaces.fork('web@1', 'twig')).parent).toBe('web@1');
      const parts: Uint8Array[] = [];
      await workspaces.exportArchive('web', async (part) => parts.push(Uint8Array.from(part)) > 0);
      const archive = async function* () {
        yield* parts;
      };
      await workspaces.importArchive(archive(), { workspace: 'packed', region: 'us' });
      await workspaces.importArchive(archive(), { workspace: 'packed' });
      const changes = await collect(workspaces.diff('docs', 'web'));
      expect(changes.map(({ kind, path }) => [kind, Buffer.concat(path).toString()])).toEqual([
        ['added', 'new'],
      ]);
      expect(await collect(workspaces.diff('web', 'packed'))).toEqual([]);
      const told = (await workspaces.list()).map(({ name, region, latest }) => [name, region, latest]);
      expect(told).toEqual([
        ['docs', 'us', 1],
        ['packed', 'us', 2],
        ['twig', 'eu', 1],
        ['web', 'eu', 3],
      ]);
      expect((await workspaces.forget('web@1')).forgotten).toEqual([1]);
      expect((await workspaces.remove('docs')).forgotten).toEqual([1]);
      expect(await store.stats({ region: 'us' })).toMatchObject({ workspaces: 1, snapshots: 2 });
      await expectCode('workspace_not_found', workspaces.log('docs'));
      const { hint } = await failureOf(collect(workspaces.ls('twgi')));
      expect(hint).toContain('twig');
    });
    expect(existsSync(place.store('default'))).toBe(false);
  });

  it('[E41] a name is given once over all regions, also by several at once', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    await saveTo(place, 'docs', 'us');
    const told = await failureOf(saveTo(place, 'web', 'us'));
    expect(told).toMatchObject({ code: 'refused', details: { region: 'eu' } });
    expect(`${told.message} ${told.hint}`).toMatch(/lives in region eu, not in us .*workspaces replicate/);
    await expectCode('refused', saveTo(place, 'web', 'default'));
    await expectCode(
      'already_exists',
      using(place, ({ workspaces }) => workspaces.fork('docs', 'web')),
    );
    const outcomes = await Promise.allSettled(
      ['default', 'eu', 'us', 'us'].map((region) => saveTo(place, 'same', region)),
    );
    const workspaces = await using(place, (engine) => engine.workspaces.list());
    const made = workspaces.filter(({ name }) => name === 'same');
    expect(made).toHaveLength(1);
    const saved = outcomes.filter(({ status }) => status === 'fulfilled').length;
    expect(saved).toBe(made[0]!.latest);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(['refused', 'already_exists']).toContain(outcome.reason.code);
    // Another tenant's names are its own.
    await saveTo(place, 'web', 'us', { tenant: 'other' });
    await expectRestored(place, 'web', 'out');
  });

  it('[E42] one that is away is in the way of nobody who does not need it', async () => {
    const place = regionPlace('eu', 'us');
    for (const [name, region] of [['home'], ['web', 'eu'], ['docs', 'us']] as const)
      await saveTo(place, name, region);
    for (const lost of ['default', 'eu']) {
      const back = place.away(lost);
      await using(place, async ({ workspaces, store, keys }) => {
        expect(await workspaces.list()).toHaveLength(lost === 'default' ? 3 : 4);
        expect(await workspaces.log(lost === 'eu' ? 'web' : 'home')).toHaveLength(1);
        await workspaces.save(place.tree, { workspace: 'docs' });
        await workspaces.save(place.tree, {
          workspace: `while ${lost} is away`.replaceAll(' ', '-'),
          region: 'us',
        });
        expect((await store.verify({ region: 'us' })).ok).toBe(true);
        expect(await keys.exportRecovery()).toMatch(/^strata-root-key-1 \S+$/);
        expect(await keys.status()).toMatchObject({ problems: [{ region: lost }] });
        await expectCode('unavailable', workspaces.restore(lost === 'eu' ? 'web' : 'home', place.out()));
        await expectCode('unavailable', keys.rotateRoot());
        await expectCode('unavailable', keys.destroyTenant('default'));
      });
      rmSync(place.store(lost), { recursive: true });
      back();
    }
    for (const name of ['home', 'web', 'docs']) await expectRestored(place, name, `out ${name}`);
  });

  it('[E42] not even of the first save to another one', async () => {
    const place = regionPlace('eu');
    await saveTo(place, 'home');
    const back = place.away('default');
    await saveTo(place, 'web', 'eu');
    await using(place, async ({ workspaces }) => {
      expect(await collect(workspaces.ls('web', { recursive: true }))).toHaveLength(3);
      await expectCode('unavailable', collect(workspaces.diff('web', 'home')));
    });
    rmSync(place.store('default'), { recursive: true });
    back();
    await using(place, async ({ workspaces }) =>
      expect(await collect(workspaces.diff('web', 'home'))).toEqual([]),
    );
  });

  it('[E43] one that the configuration does not name any more is told of, and nothing in it is touched', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    await saveTo(place, 'home');
    const config = join(place.home, 'strata.yaml');
    writeFileSync(config, 'regions: { us: { provider: local, local: { path: ./us } } }');
    await using(place, async ({ workspaces, keys, store }) => {
      expect((await workspaces.list()).map(({ name, region }) => [name, region])).toEqual([
        ['home', 'default'],
        ['web', 'eu'],
      ]);
      const calls = [
        workspaces.restore('web', place.out()),
        collect(workspaces.ls('web')),
        workspaces.save(place.tree, { workspace: 'web' }),
        workspaces.remove('web'),
        store.verify({ region: 'eu' }),
        keys.rotateRoot(),
        keys.destroyTenant('default'),
      ];
      for (const call of calls) {
        const error = await failureOf(call);
        expect(error).toMatchObject({
          code: 'bad_input',
          message: 'region "eu" is not in the configuration',
        });
        expect(error.hint).not.toBe('');
      }
      expect((await keys.status()).problems).toMatchObject([{ region: 'eu' }]);
    });
    await expectCode('bad_input', saveTo(place, 'new', 'eu'));
    // Under another name it is still what it is.
    writeFileSync(config, 'regions: { us: { provider: local, local: { path: ./eu } } }');
    await expectCode('refused', saveTo(place, 'new', 'us'));
    await using(place, async ({ store }) => {
      await expectCode('refused', store.rebuildIndex({ region: 'us' }));
      await expectCode('refused', store.attach({ region: 'us', takeOver: true }));
    });
    writeFileSync(config, 'regions: { eu: { provider: local, local: { path: ./eu } } }');
    await expectRestored(place, 'web', 'out');
    expect((await using(place, ({ store }) => store.verify({ region: 'eu' }))).problems).toEqual([]);
  });

  it('[E45] each is verified, collected and made anew by itself', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    await saveTo(place, 'docs', 'us');
    await using(place, async ({ workspaces, store }) => {
      await workspaces.remove('docs');
      const before = place.objects('eu');
      expect((await store.collect({ region: 'us', margin: 0 })).deletedObjects).toBeGreaterThan(0);
      expect((await store.collect({ region: 'eu', margin: 0 })).deletedObjects).toBe(0);
      expect(place.objects('eu')).toEqual(before);
      await workspaces.save(place.tree, { workspace: 'docs', region: 'us' });
    });
    // The name of a lost workspace is given again elsewhere meanwhile.
    rmSync(join(place.home, 'db'), { recursive: true });
    await expectCode('not_found', saveTo(place, 'any', 'eu'));
    await using(place, async ({ workspaces, store }) => {
      expect(await store.rebuildIndex({ region: 'us' })).toMatchObject({ workspaces: 1, snapshots: 1 });
      await workspaces.save(place.tree, { workspace: 'web', region: 'us' });
      expect(await store.rebuildIndex({ region: 'eu' })).toMatchObject({ workspaces: 1, snapshots: 1 });
      const told = (await workspaces.list()).map(({ name, region }) => [name.slice(0, 4), region]);
      expect(told).toEqual([
        ['docs', 'us'],
        ['web', 'us'],
        ['web-', 'eu'],
      ]);
      for (const region of ['eu', 'us']) expect((await store.verify({ region })).problems).toEqual([]);
    });
  });

  it('[E45] one of another home is attached to read as a region, and what the home has stays', async () => {
    const first = regionPlace('eu');
    await saveTo(first, 'web');
    const place = newPlace(
      `regions: { shelf: { provider: local, local: { path: '${first.store('default')}' } } }`,
    );
    const options = { home: place.home, env: {}, cwd: place.home };
    const recovery = await using(first, ({ keys }) => keys.exportRecovery());
    await prepareAttach({ ...options, region: 'shelf' }, first.store('default'), recovery);
    await expectCode('refused', prepareAttach({ ...options, region: 'shelf' }, place.tree, recovery));
    await expectCode('bad_input', prepareAttach({ ...options, region: 'other' }, place.tree, recovery));
    await saveTo(place, 'own');
    for (let time = 0; time < 2; time++)
      expect(await using(place, ({ store }) => store.attach({ region: 'shelf' }))).toMatchObject({
        role: 'reader',
        workspaces: 1,
      });
    await expectRestored(place, 'web', 'web', first.tree);
    await expectRestored(place, 'own', 'own');
    const before = first.objects('default');
    await expectCode('not_ours', saveTo(place, 'web'));
    await expectCode('not_ours', saveTo(place, 'web', 'shelf', { tenant: 'new' }));
    expect(first.objects('default')).toEqual(before);
    expect(before.filter((name) => name.startsWith('keys/'))).toHaveLength(1);
    // Else what the other home has could not be read any more.
    await expectCode(
      'not_ours',
      using(place, ({ keys }) => keys.rotateRoot()),
    );
    await saveTo(place, 'own');
  });

  it('[E46] what is equal in two regions has one digest, however large', async () => {
    const place = regionPlace('eu');
    writeFileSync(join(place.tree, 'large'), noise('large', 5_000_000));
    const copy = place.out('copy');
    cpSync(place.tree, copy, { recursive: true, preserveTimestamps: true });
    const here = await saveTo(place, 'web');
    const there = await saveTo(place, 'copy', 'eu', {}, copy);
    expect(there.digest).toBe(here.digest);
    expect(there.newBytes).toBe(here.newBytes);
  });
});
