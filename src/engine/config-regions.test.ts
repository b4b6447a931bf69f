import { describe, expect, it } from 'vitest';

import { failureOf } from '../testing/expect-code.ts';
import { parseConfig } from './config.ts';

const HOMES = { home: '/home/a/.strata', user: '/home/a' };

const parse = (text: string) =>
  parseConfig({ file: '/etc/strata/strata.yaml', shown: 'strata.yaml', text }, HOMES);

describe('regions in the configuration', () => {
  it('[E48] are places as in `storage`, in the order of their names', async () => {
    const { regions } = await parse(`
regions:
  us-west-2: { provider: s3, s3: { bucket: a, region: us-west-2 } }
  shelf:     { local: { path: ~/shelf } }
  eu-west-1: { provider: gcs, gcs: { bucket: b } }
  constructor: { provider: local, local: { path: ./here } }
`);
    expect(regions).toMatchObject([
      { name: 'constructor', provider: 'local', local: { path: '/etc/strata/here' } },
      { name: 'eu-west-1', provider: 'gcs', gcs: { bucket: 'b', prefix: '' }, s3: undefined },
      { name: 'shelf', provider: 'local', local: { path: '/home/a/shelf' } },
      { name: 'us-west-2', provider: 's3', s3: { bucket: 'a', region: 'us-west-2' } },
    ]);
    for (const none of ['', 'regions:', 'regions: {}']) expect((await parse(none)).regions).toEqual([]);
  });

  it.each([
    ['regions: { default: { local: { path: a } } }', '1:12', 'regions.default is what `storage` says'],
    ['regions: { -x: { local: { path: a } } }', '1:12', 'regions.-x is no name for a region'],
    ['regions: { __proto__: { local: { path: a } } }', '1:12', 'is no name for a region'],
    ['regions: { run-0123456789ab: { local: { path: a } } }', '1:12', 'is no name for a region'],
    ['regions: [a]', '1:10', 'regions must be a section'],
    ['regions: { a: b }', '1:15', 'regions.a must be a section'],
    ['regions:\n  a: { local: { path: x } }\n  a: { local: { path: y } }', '3:3', 'regions.a is there twice'],
    ['regions: { a: { local: { paht: x } } }', '1:26', 'unknown key regions.a.local.paht'],
    ['regions: { a: { provider: ftp } }', '1:27', 'regions.a.provider must be one of'],
    ['regions: { a: {} }', '1:12', 'regions.a.provider is missing'],
    ['regions: { a: { s3: { bucket: b } } }', '1:12', 'regions.a.provider is missing'],
    ['regions: { a: { provider: local } }', '1:12', 'regions.a.local.path is missing'],
    ['regions: { a: { provider: s3, s3: { region: r } } }', '1:12', 'regions.a.s3.bucket is missing'],
    ['regions: { a: { provider: gcs } }', '1:12', 'regions.a.gcs.bucket is missing'],
    [
      'regions: { a: { local: { path: /home/a/.strata/store } } }',
      '1:12',
      'regions.a is where storage is: each has a place of its own',
    ],
    [
      'regions: { a: { local: { path: x } }, b: { local: { path: x/y/.. } } }',
      '1:39',
      'regions.b is where regions.a is',
    ],
    ['regions: { b: { local: { path: x } }, a: { local: { path: x/y } } }', '1:12', 'is where regions.a is'],
    [
      'regions: { a: { provider: gcs, gcs: { bucket: x } }, b: { provider: gcs, gcs: { bucket: x, prefix: y/ } } }',
      '1:54',
      'regions.b is where regions.a is',
    ],
  ])('[E48] %j is wrong at %s', async (text, place, message) => {
    const error = await failureOf(parse(text));
    expect(['bad_input', 'unknown_config_key']).toContain(error.code);
    expect(error.message).toContain(`strata.yaml:${place}: `);
    expect(error.message).toContain(message);
  });

  it('[E48] of places that only look alike there may be several', async () => {
    const { regions } = await parse(`
storage: { provider: s3, s3: { bucket: x } }
regions:
  a: { provider: s3, s3: { bucket: x, endpoint: 'https://s3.example.org' } }
  b: { provider: gcs, gcs: { bucket: x } }
  c: { provider: s3, s3: { bucket: xy } }
  d: { provider: s3, s3: { bucket: y, prefix: p } }
  e: { provider: s3, s3: { bucket: y, prefix: pq } }
`);
    expect(regions).toHaveLength(5);
  });
});
