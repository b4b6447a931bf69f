import { cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import type { Engine } from './index.ts';
import { newPlace, using } from './place.fixture.ts';
import { expectRestored, regionPlace, saveTo } from './regions.fixture.ts';

describe('the keys of several regions', () => {
  const begin = async () => {
    const place = regionPlace('eu', 'us');
    await saveTo(place, 'home');
    await saveTo(place, 'web', 'eu');
    await saveTo(place, 'web', 'eu', { tenant: 'other' });
    return place;
  };
  const rootKeys = ({ keys }: Engine) =>
    keys.status().then(({ regions }) => regions.map(({ rootKey }) => rootKey));

  it('[E44] are replaced together', async () => {
    const place = await begin();
    const before = await using(place, rootKeys);
    await using(place, ({ keys }) => keys.rotateRoot());
    const after = await using(place, rootKeys);
    expect(new Set([...before, ...after]).size).toBe(2);
    expect(new Set(after).size).toBe(1);
    for (const name of ['home', 'web']) await expectRestored(place, name, `out ${name}`);
    await saveTo(place, 'docs', 'us');
    for (const region of ['default', 'eu', 'us'])
      expect((await using(place, ({ store }) => store.verify({ region }))).problems).toEqual([]);
  });

  it('[E44] with a passphrase are different ones, which are kept and replaced all the same', async () => {
    const place = regionPlace('eu');
    const yaml = `storage: { encryption: { passphrase_file: word } }\nregions: { eu: { provider: local, local: { path: eu } } }`;
    writeFileSync(join(place.home, 'strata.yaml'), yaml);
    writeFileSync(join(place.home, 'word'), 'correct horse');
    await saveTo(place, 'home');
    // Else it would be the one of this region, and of it alone.
    writeFileSync(join(place.home, 'word'), 'correct house');
    await expectCode('wrong_key', saveTo(place, 'web', 'eu'));
    expect(existsSync(place.store('eu'))).toBe(false);
    writeFileSync(join(place.home, 'word'), 'correct horse');
    await saveTo(place, 'web', 'eu');
    const recovery = await using(place, ({ keys }) => keys.exportRecovery());
    expect(recovery).toMatch(/^# default\nstrata-root-key-1 \S+\n# eu\nstrata-root-key-1 \S+$/);
    writeFileSync(join(place.home, 'next'), 'battery staple');
    await using(place, ({ keys }) => keys.rotateRoot({ newPassphraseFile: join(place.home, 'next') }));
    await expectCode(
      'wrong_key',
      using(place, ({ workspaces }) => workspaces.restore('web', place.out())),
    );
    writeFileSync(join(place.home, 'word'), 'battery staple');
    for (const name of ['home', 'web']) await expectRestored(place, name, `out ${name}`);
  }, 120_000);

  it('[E44] with a passphrase, cut off between two regions, are replaced by the same command again', async () => {
    await using gcs = await startGcsFake();
    gcs.bucket('b');
    const place = newPlace(`
storage: { encryption: { passphrase_file: word } }
regions: { eu: { provider: gcs, gcs: { bucket: b, endpoint: '${gcs.endpoint}' } } }`);
    writeFileSync(join(place.home, 'word'), 'correct horse');
    writeFileSync(join(place.home, 'next'), 'battery staple');
    await saveTo(place, 'home');
    await saveTo(place, 'web', 'eu');
    const rotate = () =>
      using(place, ({ keys }) => keys.rotateRoot({ newPassphraseFile: join(place.home, 'next') }));
    gcs.refuse = (request) =>
      request.startsWith('POST /upload') ? { status: 403, reason: 'forbidden' } : undefined;
    const error = await failureOf(rotate());
    expect(error.message).toMatch(/^the root key is a new one in default, and not yet in eu: /);
    expect(error.hint).toContain('leave the configuration as it is');
    gcs.refuse = () => undefined;
    await rotate();
    writeFileSync(join(place.home, 'word'), 'battery staple');
    for (const name of ['home', 'web']) await expectRestored(place, name, `out ${name}`);
  }, 120_000);

  it('[E44] of a tenant are followed by others, or destroyed, in every region that has it', async () => {
    const place = await begin();
    await using(place, async ({ keys }) => {
      const { regions } = await keys.rotateTenant('default');
      const versions = regions.map(({ tenants }) =>
        tenants.map(({ name, keyVersions }) => [name, keyVersions]),
      );
      expect(versions).toEqual([
        [['default', 2]],
        [
          ['default', 2],
          ['other', 1],
        ],
      ]);
      await expectCode('not_found', keys.destroyTenant('nobody'));
      await keys.destroyTenant('default');
      expect(place.objects('default').filter((name) => name.startsWith('tenants/'))).toEqual([]);
    });
    await expectCode(
      'not_found',
      using(place, ({ workspaces }) => workspaces.list()),
    );
    await using(place, ({ workspaces }) => workspaces.restore('web', place.out()), { tenant: 'other' });
    expect(differences(place.tree, place.out())).toEqual([]);
    await using(place, async ({ store }) => {
      for (const region of ['default', 'eu']) expect((await store.verify({ region })).problems).toEqual([]);
    });
  });

  it('[E44] whose destruction was cut off in one region are swept by the next collection of that one', async () => {
    const place = await begin();
    const copy = place.out('copy');
    cpSync(place.store('eu'), copy, { recursive: true });
    const keyRecords = () => place.objects('eu').filter((name) => name.startsWith('keys/')).length;
    await using(place, async ({ keys, store }) => {
      await keys.destroyTenant('default');
      // As if it had died after its transaction.
      cpSync(copy, place.store('eu'), { recursive: true });
      for (let time = 0; time < 2; time++) await store.collect();
      expect(keyRecords()).toBe(2);
      await store.collect({ region: 'eu' });
      expect(keyRecords()).toBe(1);
    });
    await using(place, ({ workspaces }) => workspaces.restore('web', place.out()), { tenant: 'other' });
  });
});
