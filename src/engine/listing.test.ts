/** What somebody learns who may list and read a bucket, and has no key. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, afterAll, expect, it } from 'vitest';

import { sha256, toHex, utf8 } from '../base/index.ts';
import { describeWith } from '../testing/need.ts';
import { noise } from '../testing/noise.ts';
import { startRadosgw } from '../testing/radosgw.ts';
import type { Radosgw } from '../testing/radosgw.ts';
import { contents } from '../testing/stores.ts';
import { bare, keysIn, logIn, placeIn } from './bucket.fixture.ts';
import { using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

const LINE = 'a line that nobody else may read\n';
const FILES: Readonly<Record<string, Uint8Array>> = {
  'payroll.csv': utf8(LINE.repeat(40)),
  'deep/Ünique name.txt': utf8('short'),
  'deep/noise.bin': noise('listing', 300_000),
};

const ID = '[0-9a-f]{32}';
const NUMBER = '\\d{10}';
const SHAPES = {
  format: /^format$/,
  owner: new RegExp(`^owner/${NUMBER}$`),
  keys: new RegExp(`^keys/${ID}/${NUMBER}$`),
  data: new RegExp(`^tenants/${ID}/data/[0-9a-f]{2}/${ID}$`),
  tree: new RegExp(`^tenants/${ID}/tree/[0-9a-f]{2}/${ID}$`),
  index: new RegExp(`^tenants/${ID}/index/${ID}$`),
  head: new RegExp(`^tenants/${ID}/heads/${ID}/${NUMBER}$`),
} as const;

function plant({ tree }: Place): void {
  rmSync(tree, { recursive: true });
  mkdirSync(join(tree, 'deep'), { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(tree, name), bytes);
}

/** Everything that was put in, and what tells of it: names, whole contents and parts, digests, as bytes and in hex. */
function secrets(digest: string): Buffer[] {
  const names = ['payroll', 'quarterly', 'Ünique', 'noise.bin', 'deep', 'our-tenant', 'first of all'];
  const texts = [...names, LINE.trim(), digest, ...Object.values(FILES).map((bytes) => toHex(sha256(bytes)))];
  const parts = Object.values(FILES).flatMap((bytes) => [bytes.subarray(0, 24), sha256(bytes)]);
  return [...texts.map((text) => Buffer.from(text)), ...parts.map((part) => Buffer.from(part))].filter(
    // Five bytes are found anywhere.
    ({ length }) => length >= 4 && length !== 5,
  );
}

describeWith(['radosgw'], 'a bucket that somebody lists', () => {
  let service: Radosgw;
  beforeAll(async () => {
    service = await startRadosgw();
    await service.bucket('bucket');
    logIn(service);
  }, 60_000);
  afterAll(() => service[Symbol.asyncDispose]());

  it('[E67] shows how many objects of which kind there are and how large, and nothing else', async () => {
    const place = placeIn(service, { bucket: 'bucket' });
    plant(place);
    const options = { workspace: 'quarterly', message: 'first of all' };
    const { digest } = await using(place, ({ workspaces }) => workspaces.save(place.tree, options), {
      tenant: 'our-tenant',
    });
    const keys = new Set(await keysIn(service, 'bucket'));
    const kinds = [...keys].map(
      (key) => Object.entries(SHAPES).find(([, shape]) => shape.test(key))?.[0] ?? key,
    );
    expect(kinds.sort()).toEqual(Object.keys(SHAPES).sort());

    const objects = await contents(bare(service, { bucket: 'bucket' }));
    expect([...objects.keys()]).toEqual([...keys].sort());
    const told = secrets(digest);
    for (const [name, bytes] of objects) {
      const object = Buffer.concat([Buffer.from(`${name}\n`), bytes]);
      for (const secret of told) expect([name, object.indexOf(secret)]).toEqual([name, -1]);
    }
    // The same bytes in another store are other bytes there, under other names.
    const other = placeIn(service, { bucket: 'bucket', prefix: 'other' });
    plant(other);
    await using(other, ({ workspaces }) => workspaces.save(other.tree, options), { tenant: 'our-tenant' });
    for (const name of (await contents(bare(service, { bucket: 'bucket', prefix: 'other' }))).keys())
      expect([name, keys.has(name) && !/^(?:format|owner)/.test(name)]).toEqual([name, false]);
  });
});
