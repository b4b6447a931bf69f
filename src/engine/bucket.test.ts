import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { LATE, startFaultProxy } from '../testing/fault-proxy.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { contents } from '../testing/stores.ts';
import { bare, client, keysIn, logIn, placeIn, storageYaml } from './bucket.fixture.ts';
import { save, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

const configured = (place: Place, yaml: string) => writeFileSync(join(place.home, 'strata.yaml'), yaml);

const restore = (place: Place, name: string, ref = 'web') =>
  using(place, async ({ workspaces }) => {
    await workspaces.restore(ref, place.out(name));
    return place.out(name);
  });

const collect = (place: Place) => using(place, ({ store }) => store.collect({ margin: 0 }));
const verify = (place: Place) => using(place, ({ store }) => store.verify({ readData: true }));

describeWith(['radosgw'], 'a home whose store is in a bucket', () => {
  let service: Radosgw;
  beforeAll(async () => {
    service = await startRadosgw();
    await service.bucket('bucket');
    await service.bucket('locked');
  }, 60_000);
  afterAll(() => service[Symbol.asyncDispose]());
  beforeAll(() => logIn(service));

  it('[E60] says what is wrong with credentials and bucket, in one try, and goes on when it is right', async () => {
    const place = placeIn(service, { bucket: 'nowhere', prefix: 'e60' });
    const started = Date.now();
    const missing = await failureOf(save(place));
    expect(missing).toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('storage.s3.bucket'),
    });
    expect(missing.message).toContain('S3 bucket nowhere, prefix e60/ at http://');
    configured(place, storageYaml(service, { bucket: 'bucket', prefix: 'e60' }));
    logIn({ credentials: { accessKeyId: 'strata-tests', secretAccessKey: 'verysecretindeed' } });
    try {
      const refused = await failureOf(save(place));
      expect(refused).toMatchObject({ code: 'refused', hint: expect.stringContaining('AWS_ACCESS_KEY_ID') });
      expect(JSON.stringify([refused.message, refused.details])).not.toContain('verysecret');
    } finally {
      logIn(service);
    }
    expect(Date.now() - started).toBeLessThan(8000);
    expect((await save(place)).snapshot).toBe(1);
    expect(differences(place.tree, await restore(place, 'out'))).toEqual([]);
    logIn({ credentials: { accessKeyId: 'nobody', secretAccessKey: 'verysecretindeed' } });
    try {
      await expectCode('refused', restore(place, 'refused'));
    } finally {
      logIn(service);
    }
    expect(existsSync(place.out('refused'))).toBe(false);
  });

  it('[E61] leaves alone what is not of its store, below its prefix and beside it', async () => {
    const { PutObjectCommand } = await import('@aws-sdk/client-s3');
    const place = placeIn(service, { bucket: 'bucket', prefix: 'e61' });
    await save(place);
    const s3 = await client(service);
    const below = ['e61/README', 'e61/tenants/notes.txt', 'e61/tenants//x', 'e61/keys/Ünlaut'];
    const odd = ['e61/tenants/abc', 'e61/owner/latest', 'e61/spool/1'];
    const beside = ['e61x/format', 'e6', 'format.txt'];
    for (const Key of [...below, ...odd, ...beside])
      await s3.send(new PutObjectCommand({ Bucket: 'bucket', Key, Body: 'of somebody' }));
    s3.destroy();
    await using(place, ({ workspaces }) => workspaces.remove('web'));
    await collect(place);
    const { ok, problems } = await verify(place);
    expect(ok).toBe(true);
    expect(problems.every(({ code }) => code === 'foreign')).toBe(true);
    expect(problems.map(({ object }) => object).sort()).toEqual(
      [...below, ...odd].map((key) => key.slice('e61/'.length)).sort(),
    );
    expect(await keysIn(service, 'bucket')).toEqual(expect.arrayContaining([...below, ...odd, ...beside]));
    await save(place);
    expect(differences(place.tree, await restore(place, 'out'))).toEqual([]);
  });

  it('[E62] writes nothing below a prefix where the store of another home is', async () => {
    const at = { bucket: 'bucket', prefix: 'e62' };
    const owner = placeIn(service, at);
    await save(owner);
    const before = await contents(bare(service, at));
    await expectCode('not_found', save(placeIn(service, at)));
    const other = placeIn(service, { ...at, prefix: 'e62other' });
    await save(other);
    configured(other, storageYaml(service, at));
    for (const use of [save, collect, verify, (place: Place) => restore(place, 'out')])
      await expectCode('not_ours', use(other));
    expect(await contents(bare(service, at))).toEqual(before);
    expect((await save(owner)).snapshot).toBe(2);
  });

  it('[E63] in a bucket that may only be read is restored from and verified; what would write is read_only', async () => {
    const { DeleteBucketPolicyCommand, PutBucketPolicyCommand } = await import('@aws-sdk/client-s3');
    const place = placeIn(service, { bucket: 'locked' });
    // So that there is something to collect.
    writeFileSync(join(place.tree, 'gone'), 'gone');
    await save(place);
    rmSync(join(place.tree, 'gone'));
    await save(place);
    await using(place, ({ workspaces }) => workspaces.forget('web@1'));
    const saved = await restore(place, 'out');
    writeFileSync(join(place.tree, 'new'), 'new');
    const s3 = await client(service);
    const Policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: ['s3:PutObject', 's3:DeleteObject'],
          Resource: ['arn:aws:s3:::locked/*'],
        },
      ],
    });
    await s3.send(new PutBucketPolicyCommand({ Bucket: 'locked', Policy }));
    const keys = await keysIn(service, 'locked');
    const denied = await failureOf(save(place));
    expect(denied).toMatchObject({ code: 'read_only', hint: expect.stringContaining('s3:PutObject') });
    await expectCode('read_only', collect(place));
    expect(differences(saved, await restore(place, 'again'))).toEqual([]);
    expect((await verify(place)).ok).toBe(true);
    expect(await keysIn(service, 'locked')).toEqual(keys);
    await s3.send(new DeleteBucketPolicyCommand({ Bucket: 'locked' }));
    s3.destroy();
    expect((await save(place)).snapshot).toBe(3);
    await collect(place);
  });

  it('[E65] a delete that arrives late takes nothing of what was saved again meanwhile', async () => {
    await using proxy = await startFaultProxy(service.endpoint);
    const place = placeIn(service, { bucket: 'bucket', prefix: 'e65', endpoint: proxy.endpoint });
    await save(place);
    await using(place, ({ workspaces }) => workspaces.remove('web'));
    proxy.rules = [{ faults: ['late'], rate: 1 }];
    await collect(place);
    await save(place);
    expect(proxy.happened.get('late')).toBeGreaterThan(3);
    await sleep(2 * LATE);
    proxy.rules = [];
    expect(differences(place.tree, await restore(place, 'out'))).toEqual([]);
    expect((await verify(place)).ok).toBe(true);
    const { condemned } = await collect(place);
    expect(condemned.orphan.objects).toBe(0);
  });
});
