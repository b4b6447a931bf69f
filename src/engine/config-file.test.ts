import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { loadConfig } from './config-file.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'strata-config-'));
  for (const directory of ['home', 'here', 'user']) mkdirSync(join(root, directory));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

const load = (options: { config?: string; home?: string; env?: Record<string, string> } = {}) =>
  loadConfig({
    cwd: join(root, 'here'),
    ...options,
    env: { HOME: join(root, 'user'), STRATA_HOME: join(root, 'home'), ...options.env },
  });

/** Each file says another quota, so that one can see which was read. */
const PLACES = { 'named.yaml': 1, 'variable.yaml': 2, 'here/strata.yaml': 3, 'home/strata.yaml': 4 };

it('[E12] the first of --config, $STRATA_CONFIG, ./strata.yaml and the file in the home', async () => {
  for (const [path, quota] of Object.entries(PLACES)) {
    writeFileSync(join(root, path), `storage: { workspace: { default_quota_mb: ${quota} } }`);
  }
  const quota = async (options: Parameters<typeof load>[0]) =>
    (await load(options)).storage.workspace.defaultQuotaMb;
  const env = { STRATA_CONFIG: '../variable.yaml' };
  expect(await quota({ config: '../named.yaml', env })).toBe(1);
  expect(await quota({ env })).toBe(2);
  expect(await quota({ env: { STRATA_CONFIG: '' } })).toBe(3);
  rmSync(join(root, 'here/strata.yaml'));
  expect(await quota({})).toBe(4);
  rmSync(join(root, 'home/strata.yaml'));
  expect(await load()).toMatchObject({ file: undefined, home: join(root, 'home') });
});

it('[E12] a file that was named must be there', async () => {
  await expectCode('not_found', load({ config: 'none.yaml' }));
  await expectCode('not_found', load({ env: { STRATA_CONFIG: 'none.yaml' } }));
  await expectCode('bad_input', load({ config: root }));
});

it('[E13] the home is --home, $STRATA_HOME or ~/.strata', async () => {
  expect((await load({ home: 'mine' })).home).toBe(join(root, 'here/mine'));
  expect((await load()).home).toBe(join(root, 'home'));
  expect((await load({ env: { STRATA_HOME: '' } })).home).toBe(join(root, 'user/.strata'));
  expect((await load({ home: join(root, 'nowhere') })).storage.local.path).toBe(join(root, 'nowhere/store'));
  await expectCode('bad_input', load({ home: '' }));
});

it('[E14] a key command is never taken from a file that merely lies in the current directory', async () => {
  const text = 'storage: { encryption: { key_command: [touch, owned] } }';
  writeFileSync(join(root, 'here/strata.yaml'), text);
  await expectCode('refused', load());
  expect((await load({ config: 'strata.yaml' })).storage.encryption.kind).toBe('key_command');
  expect((await load({ env: { STRATA_CONFIG: 'strata.yaml' } })).storage.encryption.kind).toBe('key_command');
  rmSync(join(root, 'here/strata.yaml'));
  writeFileSync(join(root, 'home/strata.yaml'), text);
  expect((await load()).storage.encryption.kind).toBe('key_command');
});

it('[E7] text that is not UTF-8 is refused', async () => {
  writeFileSync(join(root, 'here/strata.yaml'), Buffer.from([0x23, 0xff, 0xfe]));
  await expectCode('bad_input', load());
});
