import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { ISO, NUMBER, STRATA, openCommandLine } from './command-line.fixture.ts';

const { base, home, options, strata, answer, failure, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

beforeAll(() => {
  write('small/a.txt', 'first\n');
  write('small/sub/b.txt', 'b'.repeat(5000));
  answer('workspaces', 'save', 'small', '-w', 'web');
  write('small/a.txt', 'second\n');
  answer('workspaces', 'save', 'small', '-w', 'web');
});

describe('store', () => {
  it('[C17] stats and rebuild-index', () => {
    const stats = answer('store', 'stats');
    expect(Object.keys(stats as object).sort()).toEqual(
      [
        'workspaces',
        'snapshots',
        'layers',
        'files',
        'logicalBytes',
        'uniqueBytes',
        'packedBytes',
        'deduplication',
        'compression',
        'store',
        'traffic',
        'previousTraffic',
        'cost',
        'storedBytes',
        'packs',
        'chunks',
      ].sort(),
    );
    expect(strata('store', 'stats').stdout).toMatch(
      /^workspaces +\d+\nsnapshots +\d+\n[^]*\n\nNo price is known for a store on a disk\.\n$/,
    );
    expect(stats).toMatchObject({ traffic: null, previousTraffic: null, cost: null });
    expect(strata('store', 'rebuild-index').stdout).toMatch(
      /^rebuilt in .*: \d+ packs, \d+ chunks, 1 workspace, 2 snapshots\n$/,
    );
    // The merged index is smaller.
    expect(answer('store', 'stats')).toEqual({ ...(stats as object), storedBytes: NUMBER });
  });

  it('[C31] stats tell what is saved, and by what', () => {
    const stats = answer('store', 'stats') as Record<string, number>;
    // A file of two snapshots is stored once, another one twice.
    expect(stats).toMatchObject({ logicalBytes: 10_013, uniqueBytes: 5013, deduplication: 10_013 / 5013 });
    expect(stats['compression']).toBe(5013 / stats['packedBytes']!);
    expect(stats['packedBytes']).toBeLessThan(stats['storedBytes']!);
    const { stdout } = strata('store', 'stats');
    expect(stdout).toMatch(/^deduplication +2\.0× {2}logical by unique/m);
    expect(stdout).toMatch(
      /^compression +\d+\.\d× {2}unique by packed\ntogether +[\d,.]+× {2}each byte is stored so many/m,
    );
    write('hole/zeros', '\0'.repeat(65_536));
    answer('workspaces', 'save', 'hole', '--home', 'hole-home');
    expect(answer('store', 'stats', '--home', 'hole-home')).toMatchObject({
      logicalBytes: 65_536,
      uniqueBytes: 0,
      deduplication: null,
      compression: null,
    });
    expect(strata('store', 'stats', '--home', 'hole-home').stdout).not.toContain('×');
  });

  it('[C19] [C6] verify: whole, then not', () => {
    expect(answer('store', 'verify')).toMatchObject({ ok: true, checkedBytes: NUMBER, problems: [] });
    expect(strata('store', 'verify', '--read-data').stdout).toMatch(
      /^The store is whole: \d+ objects, .* checked in .*\.\n$/,
    );

    const copy = join(base, 'damaged');
    spawnSync('cp', ['-a', home, copy]);
    const find = spawnSync('find', [join(copy, 'store'), '-path', '*/data/*', '-type', 'f', '-size', '-9k'], {
      encoding: 'utf8',
    });
    for (const pack of find.stdout.trim().split('\n')) {
      const bytes = readFileSync(pack);
      bytes[160]! ^= 1;
      chmodSync(pack, 0o600);
      writeFileSync(pack, bytes);
    }
    const told = strata('store', 'verify', '--read-data', '--home', copy);
    expect(told).toMatchObject({ status: 5, stderr: '' });
    expect(told.stdout).toMatch(/^damaged: \S*\/data\/\S*\n {2}it is damaged: [^/]*\n/m);
    expect(told.stdout).toMatch(/^ {2}lost: \w+@\d:sub\/b\.txt$/m);
    expect(told.stdout).toMatch(/The store is not whole: \d+ problems? .*\n.*save the content again.*\n$/);
    // An index is no data, and something of somebody else is no harm.
    const [index] = spawnSync('find', [join(copy, 'store'), '-path', '*/index/*'], {
      encoding: 'utf8',
    }).stdout.split('\n');
    rmSync(index!);
    writeFileSync(join(copy, 'store', 'README'), 'of somebody');
    expect(strata('store', 'verify', '--home', copy).stdout).toMatch(
      /^foreign: README\n[^]*not whole: \d+ problems? .*\nNot of the store, and left alone: 1 object\.\n[^]*rebuild-index.*\n$/m,
    );
    writeFileSync(join(home, 'store', 'README'), 'of somebody');
    expect(strata('store', 'verify')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('1 object.'),
    });
    rmSync(join(home, 'store', 'README'));

    const json = strata('store', 'verify', '--read-data', '--home', copy, '--json');
    expect(json).toMatchObject({ status: 5, stderr: '' });
    const report = JSON.parse(json.stdout) as { problems: unknown[] };
    expect(report).toMatchObject({ ok: false, checkedBytes: NUMBER });
    expect(report.problems).toContainEqual({
      code: 'damaged',
      object: expect.stringContaining('/data/'),
      message: expect.stringMatching(/^it is damaged: [^/]*$/),
      paths: expect.arrayContaining([expect.stringMatching(/^\w+@\d:sub\/b\.txt$/)]),
    });
    expect(failure('workspaces', 'cat', 'web:sub/b.txt', '--home', copy)).toMatchObject({
      code: 'integrity',
      status: 5,
    });
  });
});

describe('keys', () => {
  const KEYS = {
    region: 'default',
    rootKey: expect.stringMatching(/^[0-9a-f]{16}$/),
    storeId: expect.stringMatching(/^[0-9a-f]{32}$/),
    tenants: [{ name: 'default', keyVersions: 1, created: ISO }],
  };
  const STATUS = { ...KEYS, source: expect.stringContaining('root.key'), regions: [KEYS], problems: [] };

  it('[C21] status and rotation', () => {
    const before = answer('keys', 'status') as { rootKey: string };
    expect(before).toEqual(STATUS);
    const after = answer('keys', 'rotate-root') as { rootKey: string };
    expect(after).toEqual(STATUS);
    expect(after.rootKey).not.toBe(before.rootKey);
    expect(strata('keys', 'status').stdout).toContain(after.rootKey);
    expect(strata('workspaces', 'cat', 'web@1:a.txt').stdout).toBe('first\n');
  });

  it('[C21] a passphrase, and its successor', () => {
    write('pass/strata.yaml', 'storage: { encryption: { passphrase_file: word } }');
    write('pass/word', 'correct horse\nno part of it\n');
    write('pass/next', 'battery staple\n');
    const config = ['--config', 'pass/strata.yaml', '--home', 'pass/home'];
    answer('workspaces', 'save', 'small', ...config);
    expect(failure('keys', 'rotate-root', ...config)).toMatchObject({ code: 'bad_input', status: 2 });
    expect(failure('keys', 'rotate-root', '--new-passphrase-file', 'pass/none', ...config).code).toBe(
      'not_found',
    );
    answer('keys', 'rotate-root', '--new-passphrase-file', 'pass/next', ...config);
    const cat = ['workspaces', 'cat', 'small:a.txt'];
    expect(failure(...cat, ...config)).toMatchObject({ code: 'wrong_key', status: 6 });
    write('pass/word', 'battery staple');
    expect(strata(...cat, ...config).status).toBe(0);
  });

  it('[C21] a command, with flags of its own behind --', () => {
    const recovery = (name: string) => {
      answer('workspaces', 'save', 'small', '--home', `${name}-home`);
      strata('keys', 'export-recovery', name, '--home', `${name}-home`);
    };
    recovery('key1');
    recovery('key2');
    write('command.yaml', 'storage: { encryption: { key_command: [cat, key1] } }');
    const config = ['--config', 'command.yaml', '--home', 'command-home'];
    answer('workspaces', 'save', 'small', ...config);
    const rotated = answer('keys', 'rotate-root', ...config, '--new-key-command', '--', 'cat', '-u', 'key2');
    expect(rotated).toMatchObject({ source: expect.stringContaining('cat') });
    expect(failure('workspaces', 'cat', 'small:a.txt', ...config).code).toBe('wrong_key');
  });

  it.each([
    [['rotate-root', 'kms', 'unwrap'], /nobody asked for kms unwrap/],
    [['rotate-root', '--new-key-command'], /no command behind it/],
  ])('[C21] %j is refused', (words, message) => {
    expect(failure('keys', ...words)).toMatchObject({
      code: 'bad_input',
      message: expect.stringMatching(message),
    });
  });

  it('[C20] export-recovery', () => {
    const { stdout, stderr } = strata('keys', 'export-recovery');
    expect(stdout).toMatch(/^strata-root-key-1 [0-9A-Z-]+\n$/);
    expect(stderr).toMatch(/^warning: whoever has this/);
    expect(answer('keys', 'export-recovery', 'recovery')).toEqual({ file: join(base, 'recovery') });
    expect(readFileSync(join(base, 'recovery'), 'utf8')).toBe(stdout);
    expect(statSync(join(base, 'recovery')).mode & 0o777).toBe(0o600);
    expect(failure('keys', 'export-recovery', 'recovery')).toMatchObject({
      code: 'already_exists',
      status: 3,
    });
  });
});

describe('Ctrl-C', () => {
  /** A save that waits for its globs, which nobody writes before the test says so. */
  async function waiting() {
    const fifo = join(mkdtempSync(join(base, 'fifo-')), 'globs');
    spawnSync('mkfifo', [fifo]);
    const words = ['workspaces', 'save', 'small', '-w', 'interrupted', '--exclude-from', fifo];
    const child = spawn(STRATA, words, { ...options, stdio: 'ignore' });
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    // Opens when the command reads: then it listens to signals.
    return { child, ended, globs: await open(fifo, 'w') };
  }

  it('[C23] ends with 9, and nothing was saved', async () => {
    const { child, ended, globs } = await waiting();
    child.kill('SIGINT');
    await new Promise((resolved) => setTimeout(resolved, 100));
    await globs.close();
    expect(await ended).toEqual([9, null]);
    expect(failure('workspaces', 'log', 'interrupted').code).toBe('workspace_not_found');
  });

  it('[C23] a second one ends at once', async () => {
    const { child, ended, globs } = await waiting();
    child.kill('SIGTERM');
    await new Promise((resolved) => setTimeout(resolved, 100));
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    await globs.close();
  });
});
