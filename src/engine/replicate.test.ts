import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { using } from './place.fixture.ts';
import { regionPlace, saveTo } from './regions.fixture.ts';

describe('replicas in regions', () => {
  it('[E49] are brought where they are wanted, and read there when the other region is away', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    writeFileSync(join(place.tree, 'new'), 'new');
    const second = await saveTo(place, 'web');
    await using(place, async ({ workspaces, store }) => {
      const first = await workspaces.replicate('web@1', { to: 'us' });
      expect(first).toMatchObject({
        snapshot: 1,
        from: 'eu',
        to: 'us',
        already: false,
        lag: { snapshots: 1 },
      });
      expect(await workspaces.replicate('web', { to: 'us' })).toMatchObject({
        digest: second.digest,
        newBytes: 3,
      });
      expect(await workspaces.replicate('web', { to: 'us' })).toMatchObject({
        already: true,
        storedBytes: 0,
      });
      expect(await workspaces.replicate('web', { from: 'us', to: 'default' })).toMatchObject({ from: 'us' });
      expect(await workspaces.replicas('web')).toMatchObject([
        { region: 'eu', livesHere: true, snapshots: [1, 2], lag: { snapshots: 0 } },
        { region: 'us', livesHere: false, snapshots: [1, 2] },
        { region: 'default', snapshots: [2] },
      ]);
      const log = await workspaces.log('web', { region: 'us' });
      expect(log.map(({ kind }) => kind)).toEqual(['replica', 'replica']);
      expect((await workspaces.log('web')).map(({ kind }) => kind)).toEqual(['save', 'save']);
      expect(
        (await workspaces.list()).map(({ region, replicaOf }) => [region, replicaOf !== undefined]),
      ).toEqual(
        expect.arrayContaining([
          ['eu', false],
          ['us', true],
          ['default', true],
        ]),
      );
      for (const region of ['default', 'eu', 'us']) {
        await store.collect({ region, margin: 0 });
        expect(await store.verify({ region, readData: true })).toMatchObject({ ok: true });
      }
      await expectCode('bad_input', workspaces.replicate('web', { to: 'eu' }));
      await expectCode('bad_input', workspaces.replicate('web', { to: 'nowhere' }));
      await expectCode('workspace_not_found', workspaces.replicate('wab', { to: 'us' }));
      await expectCode(
        'workspace_not_found',
        workspaces.restore('web', place.out('none'), { region: 'asia' }),
      );
    });
    const back = place.away('eu');
    await using(place, async ({ workspaces }) => {
      await workspaces.restore('web', place.out('us'), { region: 'us' });
      expect(differences(place.tree, place.out('us'))).toEqual([]);
      await expectCode('unavailable', workspaces.restore('web', place.out('eu'), { region: 'eu' }));
      // Whoever names none gets it from one that has it.
      const near = await workspaces.restore('web', place.out('near'));
      expect(near).toMatchObject({ snapshot: 2, lag: { snapshots: 0 } });
      expect(['us', 'default']).toContain(near.region);
      expect(differences(place.tree, place.out('near'))).toEqual([]);
    });
    back();
    expect(await saveTo(place, 'web')).toMatchObject({ snapshot: 3 });
    await using(place, async ({ workspaces }) => {
      // The latest is nowhere else, and nothing older is given for it.
      expect(await workspaces.restore('web', place.out('latest'))).toMatchObject({
        snapshot: 3,
        region: 'eu',
        lag: undefined,
      });
      const replica = await workspaces.restore('web', place.out('older'), { region: 'us' });
      expect(replica).toMatchObject({ snapshot: 2, region: 'us', lag: { snapshots: 1 } });
    });
    const again = place.away('eu');
    const away = await failureOf(
      using(place, ({ workspaces }) => workspaces.restore('web', place.out('no'))),
    );
    expect(away).toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining(
        'An older snapshot can be restored: web@2 --region us, or web@2 --region default.',
      ),
    });
    again();
    await using(place, async ({ workspaces }) => {
      await workspaces.forget('web@1', { region: 'us' });
      await workspaces.remove('web', { region: 'default' });
      expect((await workspaces.replicas('web')).map(({ snapshots }) => snapshots)).toEqual([[1, 2, 3], [2]]);
    });
  });

  it('[E49] come back under their name when the database is lost, whichever region is rebuilt first', async () => {
    for (const order of [
      ['default', 'eu'],
      ['eu', 'default'],
    ]) {
      const place = regionPlace('eu');
      await saveTo(place, 'web');
      const before = await using(place, async ({ workspaces }) => {
        await workspaces.replicate('web', { to: 'eu' });
        return workspaces.replicas('web');
      });
      rmSync(join(place.home, 'db'), { recursive: true });
      await using(place, async ({ workspaces, store }) => {
        for (const region of order) await store.rebuildIndex({ region });
        expect(await workspaces.replicas('web')).toEqual(before);
        expect((await workspaces.list()).map(({ name }) => name)).toEqual(['web', 'web']);
        expect(await workspaces.replicate('web', { to: 'eu' })).toMatchObject({ already: true });
      });
    }
  });

  it('[E49] that are damaged say in which region, and which others have the same', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    await using(place, async ({ workspaces }) => {
      await workspaces.replicate('web', { to: 'us' });
      for (const region of ['eu', 'us']) {
        for (const name of place.objects(region))
          if (name.includes('/data/')) truncateSync(join(place.store(region), name), 100);
      }
      const error = await failureOf(workspaces.restore('web', place.out('out')));
      expect(error.message).toMatch(/^in region (eu|us): /);
      const { region } = error.details;
      const other = region === 'eu' ? 'us' : 'eu';
      expect(error).toMatchObject({
        code: 'integrity',
        hint: expect.stringContaining(`give --region ${other}.`),
      });
      expect(error.hint).toContain(`replicate web --to ${String(region)}`);
    });
  });

  it('[E49] that cannot be brought say between which regions, and in which store', async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'web', 'eu');
    await using(place, ({ workspaces }) => workspaces.replicate('web', { to: 'us' }));
    for (const away of ['eu', 'us']) {
      const back = place.away(away);
      const error = await failureOf(
        using(place, ({ workspaces }) => workspaces.replicate('web', { to: 'us' })),
      );
      expect(error).toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(/^web from region eu to region us: /),
        hint: expect.any(String),
        details: { from: 'eu', to: 'us' },
      });
      expect(error.message).toContain(place.store(away));
      back();
    }
  });

  it('[E49] that are all there is left can be read, and not be saved to', async () => {
    const place = regionPlace('eu');
    await saveTo(place, 'web', 'eu');
    await using(place, async ({ workspaces }) => {
      await workspaces.replicate('web', { to: 'default' });
      await workspaces.remove('web');
      await workspaces.restore('web', place.out('left'));
      expect(differences(place.tree, place.out('left'))).toEqual([]);
    });
    await expectCode('refused', saveTo(place, 'web'));
    await expectCode('refused', saveTo(place, 'web', 'eu'));
    await using(place, async ({ workspaces }) => {
      await workspaces.fork('web', 'mine');
      await workspaces.remove('web');
    });
    await saveTo(place, 'web', 'eu');
  });
});
