import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { startGcsFake } from '../testing/gcs-fake.ts';
import { describeWith } from '../testing/need.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import { prepareAttach } from './index.ts';
import { newPlace, save, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

const BUCKET = 'marionette-workspaces';

interface Service {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
}

/** What a user does with a store in a bucket. @param block of the configuration, with the endpoint in it */
function aUsersDay(
  start: () => Promise<Service>,
  block: (endpoint: string) => string,
  address: string,
  atRegion: string | undefined,
): void {
  let service: Service;
  let place: Place;
  beforeAll(async () => {
    service = await start();
    place = newPlace(block(service.endpoint));
  });
  afterAll(async () => service.stop());

  it('[E80] saves, restores, checks and collects', async () => {
    expect(await save(place)).toMatchObject({ snapshot: 1, files: 1 });
    writeFileSync(join(place.tree, 'new'), 'new');
    expect(await save(place)).toMatchObject({ snapshot: 2, newBytes: 3 });
    await using(place, async ({ workspaces, store }) => {
      await workspaces.restore('web', place.out());
      expect(differences(place.tree, place.out())).toEqual([]);
      expect((await store.verify({ readData: true })).ok).toBe(true);
      await workspaces.forget('web@1');
      await store.collect();
      expect(await store.collect({ margin: 0 })).toMatchObject({ dryRun: false });
      expect((await store.verify({ readData: true })).ok).toBe(true);
      expect((await store.stats()).snapshots).toBe(1);
    });
  });

  it('[E80] is attached by its address: to read, and then to own', async () => {
    const recovery = await using(place, ({ keys }) => keys.exportRecovery());
    const second = newPlace();
    const options = { home: second.home, env: {}, cwd: second.home };
    await prepareAttach(options, address, recovery, { endpoint: service.endpoint, region: atRegion });
    await using(second, async ({ store, workspaces }) => {
      expect(await store.attach()).toMatchObject({ role: 'reader', workspaces: 1, snapshots: 1 });
      await workspaces.restore('web', second.out());
      expect(differences(place.tree, second.out())).toEqual([]);
    });
    await expectCode('not_ours', save(second));
    await using(second, ({ store }) => store.attach({ takeOver: true }));
    await expectCode('not_ours', save(place));
    expect(await save(second)).toMatchObject({ snapshot: 3 });
    rmSync(second.out(), { recursive: true });
  });

  it('[E80] an address that is not in the configuration is refused', async () => {
    const options = { home: place.home, env: {}, cwd: place.home };
    await expectCode('refused', prepareAttach(options, `${address}other`, undefined, {}));
    await expectCode('refused', prepareAttach(options, place.tree, undefined, {}));
  });
}

describeWith(['radosgw'], 'a store in a bucket of an S3 service', () => {
  aUsersDay(
    async () => {
      const gateway = await startRadosgw();
      await gateway.bucket(BUCKET);
      // Where the SDK looks.
      process.env['AWS_ACCESS_KEY_ID'] = gateway.credentials.accessKeyId;
      process.env['AWS_SECRET_ACCESS_KEY'] = gateway.credentials.secretAccessKey;
      return { endpoint: gateway.endpoint, stop: async () => gateway[Symbol.asyncDispose]() };
    },
    (endpoint) => `
storage:
  provider: s3
  s3:
    bucket: "marionette-workspaces"
    region: "us-west-2"
    prefix: "workspaces/"
    endpoint: "${endpoint}"
`,
    `s3://${BUCKET}/workspaces/`,
    'us-west-2',
  );
});

describe('a store in a bucket of Google’s', () => {
  aUsersDay(
    async () => {
      const fake = await startGcsFake();
      fake.bucket(BUCKET);
      return { endpoint: fake.endpoint, stop: async () => fake[Symbol.asyncDispose]() };
    },
    (endpoint) => `
storage:
  provider: gcs
  gcs:
    bucket: "marionette-workspaces"
    prefix: "workspaces/"
    endpoint: "${endpoint}"
`,
    `gs://${BUCKET}/workspaces`,
    undefined,
  );
});
