import { describe, expect, it } from 'vitest';

import { isStrataError } from '../base/index.ts';
import type { StrataError } from '../base/index.ts';
import { parseConfig } from './config.ts';
import type { Config } from './config.ts';

const HOMES = { home: '/home/a/.strata', user: '/home/a' };
const DAY = 86_400_000;

const parse = (text: string): Promise<Config> =>
  parseConfig({ file: '/etc/strata/strata.yaml', shown: 'strata.yaml', text }, HOMES);

async function refusal(text: string): Promise<StrataError> {
  const error: unknown = await parse(text).then(JSON.stringify, (reason: unknown) => reason);
  if (!isStrataError(error)) throw new Error(`not refused as it should be: ${String(error)}`);
  return error;
}

const retention = (text: string) => `storage: { workspace: { retention: { ${text} } } }`;

describe('what a file says', () => {
  it('[E1] the keys of the page, word for word', async () => {
    const config = await parse(`
storage:
  provider: s3
  s3:
    bucket: "marionette-workspaces"
    region: "us-west-2"
    prefix: "workspaces/"
  workspace:
    base_dir: "/var/marionette/workspaces"
    default_quota_mb: 20480  # 20GB
    retention:
      default: 8d      # Keep for 8 days after termination
      max: 4w
      min: 36h
`);
    expect(config.storage).toMatchObject({
      provider: 's3',
      s3: {
        bucket: 'marionette-workspaces',
        region: 'us-west-2',
        prefix: 'workspaces/',
        forcePathStyle: false,
      },
      workspace: {
        baseDir: '/var/marionette/workspaces',
        defaultQuotaMb: 20480,
        retention: { default: 8 * DAY, max: 28 * DAY, min: 1.5 * DAY },
      },
    });
  });

  it.each([
    ['nothing', ''],
    ['comments', '# storage:\n---\n'],
    ['empty sections', 'storage:\n  workspace:\n    retention:\n  s3:\n  encryption: {}\n'],
  ])('[E2] %s: all defaults', async (_, text) => {
    const expected = await parseConfig(undefined, HOMES);
    expect(await parse(text)).toEqual({ ...expected, file: '/etc/strata/strata.yaml' });
    expect(expected.storage).toEqual({
      provider: 'local',
      local: { path: '/home/a/.strata/store' },
      s3: undefined,
      gcs: undefined,
      encryption: { kind: 'key_file', path: '/home/a/.strata/keys/root.key' },
      limits: { requests: 16, uploadMb: undefined, downloadMb: undefined, retrySeconds: 120 },
      cache: { path: '/home/a/.strata/cache/objects', sizeMb: 4096 },
      workspace: {
        baseDir: '/home/a/.strata/workspaces',
        defaultQuotaMb: 10240,
        retention: { default: 7 * DAY, max: 30 * DAY, min: DAY },
      },
    });
  });

  it.each([
    ['store', '/etc/strata/store'],
    ['../store', '/etc/store'],
    ['/srv/store', '/srv/store'],
    ['~/store', '/home/a/store'],
    ['~', '/home/a'],
    ['~b/store', '/etc/strata/~b/store'],
    ['$HOME/store', '/etc/strata/$HOME/store'],
  ])('[E3] the path %s is %s', async (given, path) => {
    expect((await parse(`storage: { local: { path: '${given}' } }`)).storage.local.path).toBe(path);
  });

  it.each([
    ['key_file: root.key', { kind: 'key_file', path: '/etc/strata/root.key' }],
    ['passphrase_file: ~/pass', { kind: 'passphrase_file', path: '/home/a/pass' }],
    ['passphrase_env: PASS', { kind: 'passphrase_env', variable: 'PASS' }],
    ['key_command: [unwrap, --key, "1"]', { kind: 'key_command', command: ['unwrap', '--key', '1'] }],
  ])('[E1] the root key from %s', async (given, source) => {
    expect((await parse(`storage: { encryption: { ${given} } }`)).storage.encryption).toEqual(source);
  });

  it('[E4] nothing in it can be changed', async () => {
    const config = await parse('storage: { encryption: { key_command: [a, b] } }');
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every(frozen));
    expect(frozen(config)).toBe(true);
  });

  it('[E38] executors, with what is not given filled in', async () => {
    expect((await parse('')).executors).toEqual([]);
    const text = `
executors:
  - { name: here, type: host, arch: amd64 }
  - { name: pods, type: podman, arch: 386, labels: [fast, fast], slots: 4 }
`;
    expect((await parse(text)).executors).toEqual([
      { name: 'here', type: 'host', arch: 'amd64', labels: [], slots: 1 },
      { name: 'pods', type: 'podman', arch: '386', labels: ['fast'], slots: 4 },
    ]);
    expect(Object.isFrozen((await parse(text)).executors[1]!.labels)).toBe(true);
  });
});

describe('what is wrong with it', () => {
  it.each([
    ['storge: {}', '1:1: unknown key storge', 'storage'],
    ['storage:\n  provdier: s3', '2:3: unknown key storage.provdier', 'storage.provider'],
    [
      retention('mni: 1d'),
      '1:38: unknown key storage.workspace.retention.mni',
      'storage.workspace.retention.min',
    ],
    [
      'storage:\n  retention: {}',
      '2:3: unknown key storage.retention',
      'runs.retention or storage.workspace.retention',
    ],
    [
      'bucket: a',
      '1:1: unknown key bucket',
      'storage.s3.bucket or storage.gcs.bucket or regions.NAME.s3.bucket or regions.NAME.gcs.bucket',
    ],
    ['storage: { S3: {} }', '1:12: unknown key storage.S3', 'storage.s3'],
    [
      'storage: { workspace: { "base dir": a } }',
      '1:25: unknown key storage.workspace.base dir',
      'storage.workspace.base_dir',
    ],
    ['completely: other', '1:1: unknown key completely', undefined],
    ['__proto__: { a: 1 }', '1:1: unknown key __proto__', undefined],
    ['storage: { constructor: 1 }', '1:12: unknown key storage.constructor', undefined],
  ])('[E6] %j: the place, and the near key', async (text, message, near) => {
    const error = await refusal(text);
    expect(error.code).toBe('unknown_config_key');
    expect(error.message).toBe(`strata.yaml:${message}`);
    expect(error.hint).toBe(
      near === undefined ? 'Correct the file; nothing was changed.' : `Did you mean ${near}?`,
    );
  });

  it.each([
    ['storage: 7', '1:10: storage must be a section'],
    ['storage: [a]', '1:10: storage must be a section'],
    ['- storage', '1:1: the file must be a section'],
    ['storage: { provider: azure }', '1:22: storage.provider must be one of local, s3, gcs'],
    ['storage: { provider: }', '1:22: storage.provider must be one of local, s3, gcs'],
    ['storage: { s3: { bucket: 7 } }', '1:26: storage.s3.bucket must be text'],
    ['storage: { s3: { bucket: "" } }', '1:26: storage.s3.bucket is empty'],
    ['storage: { s3: { bucket: ["a"] } }', '1:26: storage.s3.bucket must be text'],
    ['storage: { local: { path: "a\\0b" } }', '1:27: storage.local.path has a NUL character'],
    ['storage: { s3: { force_path_style: yes } }', '1:36: storage.s3.force_path_style must be true or false'],
    [
      'storage: { encryption: { key_command: aws } }',
      '1:39: storage.encryption.key_command must be a list of texts',
    ],
    [
      'storage: { encryption: { key_command: [] } }',
      '1:39: storage.encryption.key_command must be a list of texts',
    ],
    [
      'storage: { encryption: { key_command: [a, [b]] } }',
      '1:39: storage.encryption.key_command must be a list',
    ],
    [retention('min: 7'), '1:43: storage.workspace.retention.min must be a length of time'],
    [retention('max: 1y'), '1:43: storage.workspace.retention.max must be a length of time'],
    [
      'storage: { limits: { requests: 0 } }',
      '1:32: storage.limits.requests must be a whole number from 1 to 64',
    ],
    [
      'storage: { limits: { retry_seconds: 0 } }',
      '1:37: storage.limits.retry_seconds must be a whole number from 1 to 86400',
    ],
    ['storage: { limits: { requests: 65 } }', '1:32: storage.limits.requests must be a whole number'],
    ['storage: { cache: { size_mb: 0 } }', '1:30: storage.cache.size_mb must be a whole number of MB'],
    ['storage: { provider: gcs }', '1:12: storage.provider is gcs, and storage.gcs.bucket is missing'],
    ['storage:\n  s3: {}\n  s3: {}', '3:3: storage.s3 is there twice'],
    ['storage: { s3: { bucket: a', '1:27: '],
    ['storage:\n\tprovider: s3', '2:1: '],
    ['a: 1\n---\nb: 2', '2:1: '],
    ['? [a, b]\n: c', '1:3: '],
    ['storage: !!js/function "x"', '1:10: '],
  ])('[E7] %j: the place, and what is expected', async (text, message) => {
    const error = await refusal(text);
    expect(error.code).toBe('bad_input');
    expect(error.message).toContain(`strata.yaml:${message}`);
  });

  it.each(['0', '-1', '1.5', '20GB', '"10240"', '1e300', '.inf', '.nan', '8589934592', 'true'])(
    '[E7] a quota of %s is refused',
    async (quota) => {
      const error = await refusal(`storage: { workspace: { default_quota_mb: ${quota} } }`);
      expect(error.message).toContain('storage.workspace.default_quota_mb must be a whole number of MB');
    },
  );

  it('[E8] all flaws at once, in the order of the file', async () => {
    const error = await refusal(
      'storage:\n  workspace:\n    base_dirr: a\n    default_quota_mb: 0\n  provider: ftp\nx: 1\n',
    );
    expect(error.code).toBe('bad_input');
    expect(error.message.split('\n').map((line) => line.split(' ', 1)[0])).toEqual([
      'strata.yaml:3:5:',
      'strata.yaml:4:23:',
      'strata.yaml:5:13:',
      'strata.yaml:6:1:',
    ]);
    expect(error.details['problems']).toMatchObject([
      { line: 3, column: 5, near: ['storage.workspace.base_dir'] },
      { line: 4, column: 23 },
      { line: 5, column: 13 },
      { line: 6, column: 1 },
    ]);
  });

  it.each([
    ['min: 2d, default: 1d', 'min (2d) is longer than default (1d)'],
    ['default: 6d, max: 5d', 'default (6d) is longer than max (5d)'],
    ['max: 3d', 'default (7d if not given) is longer than max (3d)'],
    ['min: 2w', 'min (14d) is longer than default (7d if not given)'],
  ])('[E9] retention %s: %s', async (given, message) => {
    expect((await refusal(retention(given))).message).toBe(
      `strata.yaml:1:25: storage.workspace.retention: ${message}`,
    );
  });

  it('[E9] retention may stand still', async () => {
    const { storage } = await parse(retention('min: 0s, default: 0s, max: 0s'));
    expect(storage.workspace.retention).toEqual({ min: 0, default: 0, max: 0 });
  });

  it('[E10] two sources of the root key', async () => {
    const error = await refusal('storage:\n  encryption:\n    key_file: a\n    passphrase_env: B\n');
    expect(error.message).toBe(
      'strata.yaml:4:5: storage.encryption.passphrase_env is a second source of the root key: one is enough',
    );
  });

  it.each([
    ['an alias', 'storage: { s3: { bucket: &b x, region: *b } }'],
    ['a merge', 'storage: &s {}\n<<: *s\n'],
    ['an alias of a section', 'storage: { s3: &s { bucket: b }, gcs: *s }'],
    [
      'a bomb',
      `a: &a [x,x]\n${'bcdefghijkl'.replace(/./g, (key) => `${key}: &${key} [${`*${String.fromCharCode(key.charCodeAt(0) - 1)},`.repeat(9)}]\n`)}`,
    ],
    ['deep nesting', '['.repeat(60_000)],
    ['deep maps', '{a: '.repeat(16_000)],
    ['many keys', Array.from({ length: 9_000 }, (_, i) => `k${i}:`).join('\n')],
    ['much text', `# ${'x'.repeat(70_000)}`],
  ])('[E11] %s is refused, quickly', { timeout: 2_000 }, async (_, text) => {
    expect((await refusal(text)).message).toMatch(/^strata.yaml:\d+:\d+: /);
  });

  it.each([
    ['executors: {}', '1:12: executors must be a list of executors'],
    ['executors: [{ name: a, type: host }]', '1:13: executors[0] has no arch'],
    [
      'executors: [{ name: a, type: k8s, arch: arm64 }]',
      '1:30: executors[0].type must be one of host, podman',
    ],
    [
      'executors: [{ name: a, type: host, arch: arm64, slots: 0 }]',
      '1:56: executors[0].slots must be a whole number from 1 to 1024',
    ],
    [
      'executors: [{ name: a, type: host, arch: arm64 }, { name: a, type: host, arch: arm64 }]',
      '1:12: executors has two executors named a',
    ],
    [
      'executors: [{ name: a, type: host, arch: arm64, lables: [] }]',
      '1:49: unknown key executors[0].lables',
    ],
  ])('[E38] %j: the place, and what is expected', async (text, message) => {
    expect((await refusal(text)).message).toBe(`strata.yaml:${message}`);
  });
});
