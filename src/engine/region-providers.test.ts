import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import type { GcsFake } from '../testing/gcs-fake.ts';
import { collect } from '../testing/home.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { newPlace, using } from './place.fixture.ts';
import { saveTo } from './regions.fixture.ts';

const CREDENTIALS = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'] as const;

describeWith(['radosgw'], 'S3, GCS and a disk in one home', () => {
  let s3: Radosgw;
  let gcs: GcsFake;
  const before = CREDENTIALS.map((name) => process.env[name]);

  beforeAll(async () => {
    s3 = await startRadosgw();
    await s3.bucket('regions');
    gcs = await startGcsFake();
    gcs.bucket('regions');
    process.env['AWS_ACCESS_KEY_ID'] = s3.credentials.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = s3.credentials.secretAccessKey;
  }, 120_000);
  afterAll(async () => {
    for (const [at, name] of CREDENTIALS.entries())
      if (before[at] === undefined) delete process.env[name];
      else process.env[name] = before[at];
    await gcs?.[Symbol.asyncDispose]();
    await s3?.[Symbol.asyncDispose]();
  });

  const newHome = (prefix: string) =>
    newPlace(`
storage: { provider: s3, s3: { bucket: regions, prefix: ${prefix}, region: us-east-1, endpoint: '${s3.endpoint}' } }
regions:
  eu-west-1: { provider: gcs, gcs: { bucket: regions, prefix: ${prefix}, endpoint: '${gcs.endpoint}' } }
  shelf:     { provider: local, local: { path: ./shelf } }
`);

  it('[E47] [E44] all of them are saved to, read, compared, verified and given a new root key, which may fail on its way', async () => {
    const place = newHome('home');
    await saveTo(place, 'home');
    await saveTo(place, 'web', 'eu-west-1');
    writeFileSync(join(place.tree, 'new'), 'new');
    await saveTo(place, 'kept', 'shelf');
    const check = async (round: string) => {
      await using(place, async ({ workspaces, store }) => {
        for (const name of ['home', 'web', 'kept'])
          await workspaces.restore(name, place.out(`${round} ${name}`));
        expect(differences(place.out(`${round} home`), place.out(`${round} web`))).toEqual([]);
        expect(differences(place.tree, place.out(`${round} kept`))).toEqual([]);
        for (const [from, to, count] of [
          ['home', 'web', 0],
          ['web', 'kept', 1],
          ['home', 'kept', 1],
        ] as const)
          expect(await collect(workspaces.diff(from, to))).toHaveLength(count);
        for (const region of ['default', 'eu-west-1', 'shelf'])
          expect((await store.verify({ region, readData: true })).problems).toEqual([]);
      });
    };
    await check('first');

    gcs.refuse = (request) =>
      request.startsWith('POST /upload')
        ? { status: 403, reason: 'forbidden', message: 'not now' }
        : undefined;
    const error = await failureOf(using(place, ({ keys }) => keys.rotateRoot()));
    expect(error.message).toMatch(/^the root key is a new one in default, and not yet in eu-west-1: /);
    expect(error.details).toMatchObject({ done: ['default'], failed: 'eu-west-1' });
    await check('between');
    gcs.refuse = () => undefined;
    await using(place, ({ keys }) => keys.rotateRoot());
    await check('after');
    const { regions } = await using(place, ({ keys }) => keys.status());
    expect(new Set(regions.map(({ rootKey }) => rootKey)).size).toBe(1);
  }, 300_000);

  it('[E47] [E49] a snapshot goes from S3 to Google, and from there to a disk, and is restored from each', async () => {
    const place = newHome('chain');
    await saveTo(place, 'far');
    await using(place, async ({ workspaces, store }) => {
      expect(await workspaces.replicate('far', { to: 'eu-west-1' })).toMatchObject({
        from: 'default',
        lag: { snapshots: 0 },
      });
      expect(await workspaces.replicate('far', { from: 'eu-west-1', to: 'shelf' })).toMatchObject({
        from: 'eu-west-1',
        snapshot: 1,
      });
      for (const region of ['default', 'eu-west-1', 'shelf']) {
        const out = place.out(`far ${region}`);
        expect(await workspaces.restore('far', out, { region })).toMatchObject({ region });
        expect(differences(place.tree, out)).toEqual([]);
        expect(await store.verify({ region, readData: true })).toMatchObject({ ok: true });
      }
      // A disk answers before a service.
      expect(await workspaces.restore('far', place.out('nearest'))).toMatchObject({ region: 'shelf' });
    });
  }, 120_000);

  it('[E42] a service that is away is in the way of nobody else', async () => {
    const place = newPlace(
      `regions: { far: { provider: gcs, gcs: { bucket: regions, prefix: far, endpoint: '${gcs.endpoint}' } } }`,
    );
    await saveTo(place, 'home');
    await saveTo(place, 'web', 'far');
    gcs.refuse = () => ({ status: 403, reason: 'forbidden', message: 'closed' });
    const asked = gcs.asked.length;
    await using(place, async ({ workspaces, store }) => {
      expect(await workspaces.list()).toHaveLength(2);
      expect(await workspaces.log('web')).toHaveLength(1);
      await workspaces.save(place.tree, { workspace: 'home' });
      expect((await store.collect()).dryRun).toBe(false);
      expect(gcs.asked).toHaveLength(asked);
      await expectCode('unreadable', workspaces.restore('web', place.out()));
    });
    gcs.refuse = () => undefined;
  });
});
