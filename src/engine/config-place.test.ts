import { expect, it } from 'vitest';

import { parseConfig } from './config.ts';
import { addressYaml, parseAddress } from './store-address.ts';
import { expectCode, failureOf, thrownBy } from '../testing/expect-code.ts';

const HOMES = { home: '/home/a/.strata', user: '/home/a' };

const parse = (text: string) =>
  parseConfig({ file: '/etc/strata/strata.yaml', shown: 'strata.yaml', text }, HOMES);

it('[E1] the bucket of a service of one’s own, and what it may be asked for', async () => {
  const { storage } = await parse(`
storage:
  provider: s3
  s3: { bucket: b, endpoint: 'https://s3.example.org', ca_file: ./ca.pem }
  gcs: { bucket: g, prefix: p, endpoint: 'http://127.0.0.1:1' }
  limits: { requests: 4, upload_mb_per_second: 10 }
  cache: { path: ~/objects, size_mb: 100 }
`);
  const endpoint = 'https://s3.example.org';
  expect(storage).toMatchObject({
    s3: { bucket: 'b', prefix: '', endpoint, forcePathStyle: true, caFile: '/etc/strata/ca.pem' },
    gcs: { bucket: 'g', prefix: 'p', endpoint: 'http://127.0.0.1:1' },
    limits: { requests: 4, uploadMb: 10, downloadMb: undefined },
    cache: { path: '/home/a/objects', sizeMb: 100 },
  });
});

it.each(['localhost:7480', 'not a url', 'ftp://s3.example.org', 'http://user:secret@s3.example.org'])(
  '[E1] the endpoint %s is none, wherever it is said, and is not shown',
  async (endpoint) => {
    const text = `storage: { provider: s3, s3: { bucket: b, endpoint: '${endpoint}' } }`;
    for (const error of [
      await failureOf(parse(text)),
      thrownBy(() => parseAddress('s3://b', { endpoint }, '/')),
    ]) {
      expect(error).toMatchObject({ code: 'bad_input', message: expect.stringMatching(/endpoint/) });
      expect(JSON.stringify(error)).not.toContain('secret');
    }
  },
);

it.each([
  ['s3://b', {}, { provider: 's3', s3: { bucket: 'b', prefix: '' } }],
  ['s3://b/', {}, { provider: 's3', s3: { bucket: 'b', prefix: '' } }],
  ['s3://b/p/q/', {}, { provider: 's3', s3: { bucket: 'b', prefix: 'p/q/' } }],
  ['s3://b/"\n: [', {}, { provider: 's3', s3: { bucket: 'b', prefix: '"\n: [' } }],
  [
    's3://b/p',
    { endpoint: 'http://127.0.0.1:1', region: 'r', caFile: 'ca.pem' },
    { s3: { endpoint: 'http://127.0.0.1:1', region: 'r', caFile: '/cwd/ca.pem', forcePathStyle: true } },
  ],
  ['gs://b/p', { endpoint: 'http://127.0.0.1:1' }, { provider: 'gcs', gcs: { bucket: 'b', prefix: 'p' } }],
  ['../store', {}, { provider: 'local', local: { path: '/store' } }],
])(
  '[E39] the address %j with %j is written down so that it is read back',
  async (address, options, place) => {
    const yaml = addressYaml(parseAddress(address, options, '/cwd'));
    expect((await parse(yaml)).storage).toMatchObject(place);
  },
);

it.each([
  ['s3://', {}],
  ['s3:///prefix', {}],
  ['http://bucket/prefix', {}],
  ['./store', { region: 'us-west-2' }],
  ['./store', { endpoint: 'http://127.0.0.1:1' }],
  ['gs://b', { region: 'us-west-2' }],
])('[E39] %j with %j is no address', (address, options) => {
  expect(thrownBy(() => parseAddress(address, options, '/cwd')).code).toBe('bad_input');
});

it('[E1] a bucket is named, wherever a provider is', async () => {
  await expectCode('bad_input', parse('storage: { provider: gcs, s3: { bucket: b } }'));
});
