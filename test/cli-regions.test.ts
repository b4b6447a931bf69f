import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

import { ISO, openCommandLine } from './command-line.fixture.ts';

const { base, home, strata, answer, failure, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

const SHELF = 'provider: local, local: { path: ./shelf }';

beforeAll(() => {
  write('home/strata.yaml', `regions: { shelf: { ${SHELF} } }`);
  write('tree/a.txt', 'a');
  write('tree/b.txt', 'b');
  answer('workspaces', 'save', 'tree', '-w', 'web');
  answer('workspaces', 'save', 'tree', '-w', 'old', '--region', 'shelf');
  write('tree/b.txt', 'other');
});

it('[C35] `config check` and `config regions` tell the stores', () => {
  const store = join(home, 'store');
  const shelf = join(home, 'shelf');
  expect(strata('config', 'check').stdout).toMatch(/\nstore +\S+\/home\/store\nregion shelf +\S+\/shelf\n/);
  expect(answer('config', 'check')).toMatchObject({
    regions: [{ name: 'shelf', provider: 'local', local: { path: shelf } }],
  });
  expect(strata('config', 'regions').stdout).toBe(`REGION   STORE\ndefault  ${store}\nshelf    ${shelf}\n`);
  expect(strata('config', 'regions', '--quiet').stdout).toBe('default\nshelf\n');
  expect(answer('config', 'regions')).toEqual({
    regions: [
      { region: 'default', store },
      { region: 'shelf', store: shelf },
    ],
  });
});

it('[C35] `workspaces list` tells where each lives, where there is a choice', () => {
  expect(strata('workspaces', 'list').stdout).toMatch(
    /^NAME +REGION +LATEST .*\nold +shelf +@1 .*\nweb +default +@1 .*\n$/,
  );
  expect(answer('workspaces', 'list')).toMatchObject({
    workspaces: [
      { name: 'old', region: 'shelf', created: ISO },
      { name: 'web', region: 'default' },
    ],
  });
  answer('workspaces', 'save', 'tree', '-w', 'only', '--home', 'plain');
  expect(strata('workspaces', 'list', '--home', 'plain').stdout).toMatch(/^NAME +LATEST /);
  expect(answer('workspaces', 'list', '--home', 'plain')).toMatchObject({
    workspaces: [{ name: 'only', region: 'default' }],
  });
});

it('[C35] `--region` is where a new workspace lives, and no other place of an old one', () => {
  expect(answer('workspaces', 'save', 'tree', '-w', 'old')).toMatchObject({ snapshot: 2 });
  expect(answer('workspaces', 'save', 'tree', '-w', 'old', '--region', 'shelf')).toMatchObject({
    snapshot: 3,
  });
  expect(failure('workspaces', 'save', 'tree', '-w', 'old', '--region', 'default')).toMatchObject({
    code: 'refused',
    status: 6,
    hint: expect.stringContaining('strata workspaces replicate'),
  });
  strata('workspaces', 'export', 'old', 'old.tar');
  answer('workspaces', 'import', 'old.tar', '-w', 'again', '--region', 'shelf');
  expect(strata('workspaces', 'diff', 'again', 'old').stdout).toBe('');
  expect(strata('workspaces', 'diff', 'web', 'again').stdout).toBe('~ b.txt\n');
  expect(failure('workspaces', 'save', 'tree', '--region', 'shlef')).toMatchObject({
    code: 'bad_input',
    status: 2,
    message: 'region "shlef" is not in the configuration',
    hint: 'Did you mean shelf?',
  });
  expect(failure('workspaces', 'save', 'tree', '--region', '').code).toBe('bad_input');
});

it('[C35] `store` is about the store that `--region` names', () => {
  const stats = (...words: string[]) => answer('store', 'stats', ...words) as { store: string };
  expect(stats().store).toContain(join(home, 'store'));
  expect(stats('--region', 'shelf').store).toContain(join(home, 'shelf'));
  for (const verb of ['verify', 'gc', 'rebuild-index'])
    expect(strata('store', verb, '--region', 'shelf')).toMatchObject({ status: 0 });
  renameSync(join(home, 'shelf'), join(home, 'away'));
  expect(failure('store', 'verify', '--region', 'shelf').status).toBe(7);
  expect(strata('store', 'verify').status).toBe(0);
  renameSync(join(home, 'away'), join(home, 'shelf'));
  expect(
    failure('store', 'attach', join(home, 'store'), '--region', 'shelf', '--bucket-region', 'r'),
  ).toMatchObject({ code: 'bad_input', message: expect.stringContaining('--bucket-region means nothing') });
});

it('[C35] `keys status` tells all regions, one by one', () => {
  const { stdout } = strata('keys', 'status');
  expect(stdout).toMatch(
    /^source .*\n\ndefault\nroot key +\w{16}\nstore +\w{32}\n\nTENANT .*\ndefault .*\n\nshelf\nroot key +\w{16}\n/,
  );
  const { regions } = answer('keys', 'status') as { regions: { region: string }[] };
  expect(regions.map(({ region }) => region)).toEqual(['default', 'shelf']);
});

it('[C35] a region that is not in the configuration any more is told with its workspaces', () => {
  write('none.yaml', '');
  const without = ['--config', 'none.yaml'];
  expect(strata('workspaces', 'list', ...without).stdout).toMatch(/\nold +shelf /);
  expect(failure('workspaces', 'cat', 'old:a.txt', ...without)).toMatchObject({
    status: 2,
    message: 'region "shelf" is not in the configuration',
    hint: expect.stringContaining('`regions`'),
  });
  expect(strata('keys', 'status', ...without).stdout).toMatch(/\nshelf\nregion "shelf" is not in/);
});

it('[C36] `workspaces replicate` brings a snapshot into another region', () => {
  answer('workspaces', 'save', 'tree', '-w', 'both');
  expect(strata('workspaces', 'replicate', 'both', '--to', 'shelf').stdout).toMatch(
    /^replicated both@1 to shelf\n  2 files, .*\n  .* new, .* stored in .*\n$/,
  );
  expect(strata('workspaces', 'replicate', 'both', '--to', 'shelf').stdout).toBe(
    'both@1 is in shelf already\n',
  );
  expect(strata('workspaces', 'replicate', 'both', '--to', 'shelf', '--quiet').stdout).toBe('both@1\n');
  answer('workspaces', 'save', 'tree', '-w', 'both');
  expect(answer('workspaces', 'replicate', 'both@1', '--to', 'shelf')).toMatchObject({
    already: true,
    from: 'default',
    to: 'shelf',
    chunks: { needed: 0, sent: 0 },
    lag: { snapshots: 1 },
  });
  expect(strata('workspaces', 'list').stdout).toMatch(/\nboth +default +@2 .*\nboth +shelf \(replica\) +@1 /);
  expect(answer('workspaces', 'log', 'both', '--region', 'shelf')).toMatchObject({
    snapshots: [{ snapshot: 1, kind: 'replica' }],
  });
  answer('workspaces', 'restore', 'both', 'replica', '--region', 'shelf');
  expect(failure('workspaces', 'replicate', 'both', '--to', 'default')).toMatchObject({ code: 'bad_input' });
  answer('workspaces', 'rm', 'both', '--region', 'shelf');
  expect(answer('workspaces', 'log', 'both')).toMatchObject({ snapshots: [{}, {}] });
});
