import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const STRATA = resolve('bin/strata');

const base = mkdtempSync(join(tmpdir(), 'strata-cli-'));
const home = join(base, 'home');
const tree = join(base, 'tree');
afterAll(() => rmSync(base, { recursive: true, force: true }));

const ENV = { PATH: process.env['PATH'], HOME: base, STRATA_HOME: home, TZ: 'UTC' };

function strata(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(STRATA, words, { cwd: base, env: ENV, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** What a command answers with `--json`. */
function answer(...words: string[]): unknown {
  const { status, stdout, stderr } = strata(...words, '--json');
  if (status !== 0) throw new Error(`strata ${words.join(' ')} ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** The error of a command with `--json`, and its exit code. */
function failure(...words: string[]) {
  const { status, stdout, stderr } = strata(...words, '--json');
  expect(stdout).toBe('');
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const { error } = JSON.parse(last) as { error: { code: string; message: string; hint: string | null } };
  expect(Object.keys(error).sort()).toEqual(['code', 'details', 'hint', 'message']);
  return { ...error, status };
}

const write = (path: string, content: string | Buffer) => {
  mkdirSync(join(base, path, '..'), { recursive: true });
  writeFileSync(join(base, path), content);
};

const HEX = expect.stringMatching(/^[0-9a-f]{64}$/);
const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
const NUMBER = expect.any(Number);

let first: ReturnType<typeof strata>;

beforeAll(() => {
  write('tree/a.txt', 'first\n');
  write('tree/sub/b.txt', 'b'.repeat(5000));
  write('tree/sub/debug.log', 'noise');
  write('tree/old', 'to be removed');
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x0a])]), 'x');
  symlinkSync('a.txt', join(tree, 'link'));
  spawnSync('mkfifo', [join(tree, 'pipe'), join(tree, 'sub/pipe')]);
  write('globs', '# what is not worth it\n\n  **/*.log  \n');
  first = strata('workspaces', 'save', 'tree', '-w', 'web', '-m', 'one\x1b[31m', '--exclude-from', 'globs');
  write('tree/a.txt', 'second\n');
  write('tree/new/c.txt', 'new');
  rmSync(join(tree, 'old'));
  chmodSync(join(tree, 'sub/b.txt'), 0o600);
});

describe('save', () => {
  it('[C17] [C12] tells what it did on stdout, what it left out and what one must know on stderr', () => {
    expect(first.status).toBe(0);
    expect(first.stdout).toMatch(
      /^saved web@1\n {2}4 files, 1 directory, 1 symlink, 4\.9 KB\n {2}4\.9 KB new, [\d.]+ KB stored in [\d.]+ m?s\n$/,
    );
    const [warning, note, ...rest] = first.stderr.trimEnd().split('\n');
    expect(warning).toMatch(/^warning: FIFOs are left out: .*pipe/);
    expect(note).toMatch(/^note: .*root\.key/);
    expect(rest).toEqual([]);
  });

  it('[C17] [C18] JSON, with globs from flags', () => {
    const saved = answer(
      'workspaces',
      'save',
      'tree',
      '-w',
      'web',
      '--exclude',
      'sub/debug.log',
      '--exclude',
      'none',
    );
    expect(saved).toMatchObject({
      workspace: 'web',
      snapshot: 2,
      digest: HEX,
      files: 4,
      dirs: 2,
      symlinks: 1,
      bytes: 5011,
      newBytes: 10,
      storedBytes: NUMBER,
      seconds: NUMBER,
      leftOut: expect.arrayContaining([
        { what: 'fifo', count: 2, paths: [{ path: 'pipe' }, { path: 'sub/pipe' }] },
      ]),
      skipped: { count: 0, paths: [] },
    });
  });

  it('[C11] --quiet leaves the reference', () => {
    write('small/a', 'a');
    expect(strata('--quiet', 'workspaces', 'save', 'small')).toEqual({
      status: 0,
      stdout: 'small@1\n',
      stderr: '',
    });
  });

  it.each([
    ['missing', 'not_found', 4],
    ['tree/a.txt', 'bad_input', 2],
  ])('[C1] of %s: %s', (directory, code, status) => {
    expect(failure('workspaces', 'save', directory, '-w', 'other')).toMatchObject({ code, status });
  });

  it('[C18] a file of globs that is not there is an error', () => {
    const error = failure('workspaces', 'save', 'tree', '--exclude-from', 'nowhere');
    expect(error).toMatchObject({ code: 'not_found', message: expect.stringContaining('nowhere') });
  });
});

describe('looking', () => {
  it('[C17] list', () => {
    expect(answer('workspaces', 'list')).toEqual({
      workspaces: expect.arrayContaining([
        {
          name: 'web',
          id: expect.any(String),
          created: ISO,
          updated: ISO,
          snapshots: 2,
          latest: 2,
          digest: HEX,
          files: 4,
          bytes: 5011,
        },
      ]),
    });
    expect(strata('workspaces', 'list').stdout).toMatch(/^NAME +LATEST +FILES +SIZE +SAVED\n/);
  });

  it('[C17] [C8] log, the newest first', () => {
    const log = answer('workspaces', 'log', 'web');
    expect(log).toMatchObject({
      snapshots: [{ snapshot: 2 }, { snapshot: 1, kind: 'save', parent: null, created: ISO }],
    });
    const { stdout } = strata('workspaces', 'log', 'web');
    expect(stdout).toMatch(/ +@1 .* one\\x1b\[31m\n$/);
    expect(stdout).not.toContain('\x1b');
  });

  it('[C17] [C8] [C16] ls', () => {
    expect(answer('workspaces', 'ls', 'web@1')).toEqual({
      entries: [
        { path: 'a.txt', kind: 'file', mode: NUMBER, mtime: ISO, size: 6 },
        { path: 'link', kind: 'symlink', mode: NUMBER, mtime: ISO, target: 'a.txt' },
        { path: 'old', kind: 'file', mode: NUMBER, mtime: ISO, size: 13 },
        {
          path: 'sub',
          kind: 'directory',
          mode: NUMBER,
          mtime: ISO,
          files: 1,
          dirs: 0,
          symlinks: 0,
          bytes: 5000,
        },
        { path: '\\xff\\x0a', pathB64: '/wo=', kind: 'file', mode: NUMBER, mtime: ISO, size: 1 },
      ],
    });
    const { stdout } = strata('workspaces', 'ls', 'web@2:', '-R');
    expect(stdout).toMatch(/^-rw-------\s+4\.9 KB {2}\d{4}-\d\d-\d\d \d\d:\d\d {2}sub\/b\.txt$/m);
    expect(stdout).toMatch(/^l\S+ +- .* {2}link -> a\.txt$/m);
  });

  it('[C17] cat gives the bytes as they are', () => {
    expect(strata('workspaces', 'cat', 'web@1:a.txt')).toEqual({ status: 0, stdout: 'first\n', stderr: '' });
    expect(strata('workspaces', 'cat', 'web:sub/b.txt').stdout).toBe('b'.repeat(5000));
  });

  it('[C17] diff', () => {
    const { stdout } = strata('workspaces', 'diff', 'web@1', 'web@2');
    expect(stdout).toBe('~ a.txt\n+ new/\n+ new/c.txt\n- old\n~ sub/b.txt (rw-r--r-- became rw-------)\n');
    expect(answer('workspaces', 'diff', 'web@1', 'web@2')).toMatchObject({
      changes: [
        {
          path: 'a.txt',
          kind: 'changed',
          before: { kind: 'file', size: 6 },
          after: { kind: 'file', size: 7 },
        },
        { path: 'new', kind: 'added', before: null, after: { kind: 'directory' } },
        { path: 'new/c.txt', kind: 'added', before: null, after: { size: 3 } },
        { path: 'old', kind: 'removed', before: { size: 13 }, after: null },
        { path: 'sub/b.txt', kind: 'changed', before: { mode: 0o644 }, after: { mode: 0o600 } },
      ],
    });
    expect(strata('workspaces', 'diff', 'web@2', 'web@2').stdout).toBe('');
    expect(answer('workspaces', 'diff', 'web@2', 'web@2')).toEqual({ changes: [] });
  });

  it('[C17] [C8] [C16] manifest, JSON for everyone', () => {
    const { stdout } = strata('workspaces', 'manifest', 'web@1');
    expect(JSON.parse(stdout)).toEqual({
      files: [
        { path: 'a.txt', mode: 0o644, size: 6, chunks: [HEX] },
        { path: 'old', mode: 0o644, size: 13, chunks: [HEX] },
        { path: 'sub/b.txt', mode: 0o644, size: 5000, chunks: [HEX] },
        { path: '\\xff\\x0a', pathB64: '/wo=', mode: 0o644, size: 1, chunks: [HEX] },
      ],
    });
  });

  it('[C9] a reader who leaves early hears no complaint', () => {
    const script = 'set -o pipefail; "$0" workspaces manifest web | head -c 1';
    const { status, stderr } = spawnSync('bash', ['-c', script, STRATA], {
      cwd: base,
      env: ENV,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('[C10] a full disk is told', () => {
    const script = '"$0" workspaces cat web:sub/b.txt > /dev/full';
    const { status, stderr } = spawnSync('bash', ['-c', script, STRATA], {
      cwd: base,
      env: ENV,
      encoding: 'utf8',
    });
    expect(status).toBe(7);
    expect(stderr).toMatch(/^error: cannot write the output: ENOSPC/);
  });

  it.each([
    [['log', 'wbe'], 'workspace_not_found', /web/],
    [['ls', 'web@9'], 'snapshot_not_found', /./],
    [['cat', 'web:sub/c.txt'], 'path_not_found', /./],
    [['cat', 'web:sub'], 'bad_input', /./],
    [['restore', '../web', 'x'], 'bad_input', /./],
    [['diff', 'web', 'web@0'], 'bad_input', /./],
  ])('[C1] %j: %s', (words, code, text) => {
    const error = failure('workspaces', ...words);
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).toMatch(text);
  });
});

describe('restore and fork', () => {
  it('[C17] restore, dry run, overwrite', () => {
    const run = strata('workspaces', 'restore', 'web@1', 'out');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^restored web@1 to out\n {2}4 files, 1 directory, 1 symlink, 4\.9 KB in [\d.]+ m?s\n$/,
    );
    expect(readFileSync(join(base, 'out/a.txt'), 'utf8')).toBe('first\n');

    expect(failure('workspaces', 'restore', 'web@2', 'out')).toMatchObject({
      code: 'target_not_empty',
      status: 2,
    });
    const dry = strata('workspaces', 'restore', 'web@2', 'out', '--overwrite', '--dry-run');
    expect(dry.stdout).toBe(
      '+ new\n+ new/c.txt\n~ a.txt\n~ sub/b.txt\nwould add 2, replace 2, leave 3 as they are\n',
    );
    expect(readFileSync(join(base, 'out/a.txt'), 'utf8')).toBe('first\n');

    const restored = answer('workspaces', 'restore', 'web@2', 'out', '--overwrite', '--sync');
    expect(restored).toMatchObject({
      workspace: 'web',
      snapshot: 2,
      digest: HEX,
      files: 4,
      bytes: 5011,
      seconds: NUMBER,
      dryRun: false,
      plan: {
        added: { count: 2 },
        replaced: { count: 2, paths: [{ path: 'a.txt' }, { path: 'sub/b.txt' }] },
        unchanged: 3,
      },
    });
    expect(readFileSync(join(base, 'out/a.txt'), 'utf8')).toBe('second\n');
  });

  it('[C17] [C11] restore of a part, quietly', () => {
    expect(strata('workspaces', 'restore', 'web', 'part', '--path', 'sub/b.txt', '--quiet')).toEqual({
      status: 0,
      stdout: '',
      stderr: '',
    });
    expect(existsSync(join(base, 'part/sub/b.txt'))).toBe(true);
    expect(existsSync(join(base, 'part/a.txt'))).toBe(false);
  });

  it('[C17] fork', () => {
    expect(strata('workspaces', 'fork', 'web@1', 'try').stdout).toBe('forked web@1 as try@1\n');
    expect(answer('workspaces', 'fork', 'web', 'again')).toMatchObject({
      workspace: 'again',
      snapshot: 1,
      kind: 'fork',
      parent: 'web@2',
      created: ISO,
    });
    expect(failure('workspaces', 'fork', 'web', 'try')).toMatchObject({ code: 'already_exists', status: 3 });
  });
});

describe('store', () => {
  it('[C17] stats and rebuild-index', () => {
    const stats = answer('store', 'stats');
    expect(Object.keys(stats as object).sort()).toEqual(
      [
        'workspaces',
        'snapshots',
        'files',
        'logicalBytes',
        'uniqueBytes',
        'storedBytes',
        'packs',
        'chunks',
      ].sort(),
    );
    expect(strata('store', 'stats').stdout).toMatch(/^workspaces +\d+\nsnapshots +\d+\n/);
    expect(strata('store', 'rebuild-index').stdout).toMatch(
      /^rebuilt in .*: \d+ packs, \d+ chunks, \d+ workspaces, \d+ snap/,
    );
    expect(answer('store', 'stats')).toEqual(stats);
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
    expect(told.stdout).toMatch(/^damaged: .*\/data\//m);
    expect(told.stdout).toMatch(/^ {2}lost: web@\d:sub\/b\.txt$/m);
    expect(told.stdout).toMatch(/The store is not whole: \d+ problems? .*\n$/);

    const json = strata('store', 'verify', '--read-data', '--home', copy, '--json');
    expect(json).toMatchObject({ status: 5, stderr: '' });
    const report = JSON.parse(json.stdout) as { problems: unknown[] };
    expect(report).toMatchObject({ ok: false, checkedBytes: NUMBER });
    expect(report.problems).toContainEqual({
      code: 'damaged',
      object: expect.stringContaining('/data/'),
      message: expect.any(String),
      paths: expect.arrayContaining(['web@1:sub/b.txt']),
    });
    expect(failure('workspaces', 'cat', 'web:sub/b.txt', '--home', copy)).toMatchObject({
      code: 'integrity',
      status: 5,
    });
  });
});

describe('keys', () => {
  const STATUS = {
    source: expect.stringContaining('root.key'),
    rootKey: expect.stringMatching(/^[0-9a-f]{16}$/),
    storeId: expect.stringMatching(/^[0-9a-f]{32}$/),
    tenants: [{ name: 'default', keyVersions: 1, created: ISO }],
  };

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
    expect(failure('workspaces', 'list', ...config)).toMatchObject({ code: 'wrong_key', status: 6 });
    write('pass/word', 'battery staple');
    expect(answer('workspaces', 'list', ...config)).toMatchObject({ workspaces: [{ name: 'small' }] });
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
    const rotated = answer(
      'keys',
      'rotate-root',
      ...config,
      '--json',
      '--new-key-command',
      '--',
      'cat',
      '-u',
      'key2',
    );
    expect(rotated).toMatchObject({ source: expect.stringContaining('cat') });
    expect(failure('workspaces', 'list', ...config).code).toBe('wrong_key');
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

describe('config check', () => {
  it('[C22] what it comes to', () => {
    expect(strata('config', 'check').stdout).toMatch(
      /^There is no configuration file: .*\nhome +.*\nstore +.*\/home\/store\n/,
    );
    write('good.yaml', 'storage: { workspace: { retention: { min: 36h } } }');
    expect(answer('config', 'check', '--config', 'good.yaml')).toMatchObject({
      file: join(base, 'good.yaml'),
      storage: { provider: 'local', workspace: { retention: { min: 129_600_000 } } },
    });
    expect(strata('config', 'check', '--config', 'good.yaml').stdout).toContain(
      '(at least 1.5 days, at most 30 days)',
    );
  });

  it('[C22] all that is wrong', () => {
    write('bad.yaml', 'storage:\n  provder: s3\n  workspace:\n    default_quota_mb: 20GB\n');
    const { status, stdout, stderr } = strata('config', 'check', '--config', 'bad.yaml');
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(
      'error: bad.yaml:2:3: unknown key storage.provder\n' +
        'bad.yaml:4:23: storage.workspace.default_quota_mb must be a whole number of MB, at least 1: 10240 is 10 GB\n' +
        'hint: Did you mean storage.provider?\n',
    );
    expect(failure('workspaces', 'list', '--config', 'bad.yaml')).toMatchObject({ status: 2 });
  });

  it('[C22] a provider that this version has not', () => {
    write('s3.yaml', 'storage: { provider: s3, s3: { bucket: b } }');
    expect(strata('config', 'check', '--config', 's3.yaml')).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^warning: .* will refuse s3\n$/),
    });
    expect(failure('workspaces', 'list', '--config', 's3.yaml')).toMatchObject({
      code: 'refused',
      status: 6,
    });
  });
});

describe('Ctrl-C', () => {
  /** A save that waits for its globs, which nobody writes before the test says so. */
  async function waiting() {
    const fifo = join(mkdtempSync(join(base, 'fifo-')), 'globs');
    spawnSync('mkfifo', [fifo]);
    const words = ['workspaces', 'save', 'tree', '-w', 'interrupted', '--exclude-from', fifo];
    const child = spawn(STRATA, words, { cwd: base, env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
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
    child.kill('SIGTERM');
    expect(await ended).toEqual([9, null]);
    await globs.close();
  });
});
