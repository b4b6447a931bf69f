import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HEX, ISO, NUMBER, STRATA, openCommandLine } from './command-line.fixture.ts';

const { base, options, strata, answer, failure, write } = openCommandLine();
const tree = join(base, 'tree');
afterAll(() => rmSync(base, { recursive: true, force: true }));

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
          region: 'default',
          id: expect.any(String),
          created: ISO,
          updated: ISO,
          snapshots: 2,
          latest: 2,
          digest: HEX,
          files: 4,
          bytes: 5011,
          replicaOf: null,
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
      ...options,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('[C10] a full disk is told', () => {
    const script = '"$0" workspaces cat web:sub/b.txt > /dev/full';
    const { status, stderr } = spawnSync('bash', ['-c', script, STRATA], {
      ...options,
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
    expect(strata('workspaces', 'log', 'try').stdout).toMatch(/^[^@]*@1 [^@]* \(from web@1\)\n$/);
  });
});
