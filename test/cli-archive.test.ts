import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { thisProcess } from '../src/base/index.ts';
import { differences } from '../src/testing/compare-trees.ts';
import { ISO, NUMBER, STRATA, openCommandLine } from './command-line.fixture.ts';

const { base, home, options, strata, answer, failure, write } = openCommandLine();
const path = (name: string) => join(base, name);
afterAll(() => rmSync(base, { recursive: true, force: true }));

const bash = (script: string) =>
  spawnSync('bash', ['-o', 'pipefail', '-c', script, STRATA], { ...options, encoding: 'utf8' });

let saved: { digest: string };
beforeAll(() => {
  write('tree/a.txt', 'first\n');
  write('tree/sub/b.txt', 'b'.repeat(5000));
  mkdirSync(path('tree/empty'));
  symlinkSync('a.txt', path('tree/link'));
  saved = answer('workspaces', 'save', 'tree', '-w', 'web') as typeof saved;
});

describe('export and import', () => {
  it('[C26] a file appears whole, and tar unpacks it', () => {
    const run = strata('workspaces', 'export', 'web', 'web.tar');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^exported web@1 to web\.tar\n {2}2 files, 2 directories, 1 symlink, an archive of 20\.0 KB in [\d.]+ m?s\n$/,
    );
    mkdirSync(path('out'));
    expect(bash('tar -xpf web.tar -C out').status).toBe(0);
    expect(differences(path('tree'), path('out'))).toEqual([]);
    const again = answer('workspaces', 'export', 'web@1', 'again.tar');
    expect(again).toEqual({
      workspace: 'web',
      snapshot: 1,
      digest: saved.digest,
      files: 2,
      dirs: 2,
      symlinks: 1,
      bytes: 5006,
      archiveBytes: 20_480,
      seconds: NUMBER,
      file: path('again.tar'),
    });
    expect(readFileSync(path('again.tar')).equals(readFileSync(path('web.tar')))).toBe(true);
    expect(strata('workspaces', 'export', 'web:sub', 'again.tar', '--quiet')).toMatchObject({
      status: 0,
      stdout: '',
    });
    expect(bash('tar -tf again.tar').stdout).toBe('./\nb.txt\n');
    expect(readdirSync(base).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('[C27] an archive is the next snapshot', () => {
    const run = strata('workspaces', 'import', 'web.tar', '-m', 'by tar');
    expect(run).toMatchObject({ status: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^imported web@2\n {2}2 files, 2 directories, 1 symlink, 4\.9 KB\n {2}0 B new, 0 B stored in [\d.]+ m?s\n$/,
    );
    expect(answer('workspaces', 'import', 'web.tar', '-w', 'other')).toEqual({
      workspace: 'other',
      snapshot: 1,
      digest: saved.digest,
      files: 2,
      dirs: 2,
      symlinks: 1,
      bytes: 5006,
      newBytes: 0,
      storedBytes: 0,
      seconds: NUMBER,
      leftOut: [],
      skipped: { count: 0, paths: [] },
      warnings: [],
    });
    expect(strata('workspaces', 'log', 'web').stdout).toContain('by tar');
    expect(strata('workspaces', 'diff', 'web@1', 'web@2').stdout).toBe('');
  });

  it('[C26] what killed exports left beside it goes with the next one, and nothing else', () => {
    const left = (holder: string) => `.strata-${holder}-${'0'.repeat(12)}.tmp`;
    const [, , ...place] = thisProcess().split('-');
    const lives = left(thisProcess());
    const elsewhere = left(`1-1-${'0'.repeat(8)}-${place.slice(1).join('-')}`);
    const dead = left(`999999999-1-${place.join('-')}`);
    for (const name of [lives, elsewhere, dead]) write(`kept/${name}`, 'half');
    expect(strata('workspaces', 'export', 'web', 'kept/web.tar').status).toBe(0);
    expect(readdirSync(path('kept')).sort()).toEqual([elsewhere, lives, 'web.tar'].sort());
  });

  it('[C26] [C27] through pipes, and compressed ones', () => {
    const piped = bash(
      '"$0" workspaces export web - | gzip | gzip -d | "$0" workspaces import - -w piped --json',
    );
    expect(piped).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(piped.stdout)).toMatchObject({ workspace: 'piped', digest: saved.digest });
    expect(bash('"$0" workspaces export web - | head -c 10 | wc -c')).toMatchObject({
      status: 0,
      stdout: '10\n',
      stderr: '',
    });
    const packed = bash('gzip -k web.tar; "$0" workspaces import web.tar.gz -w x');
    expect(packed).toMatchObject({ status: 2, stdout: '' });
    expect(packed.stderr).toMatch(
      /^error: .* compressed with gzip.*\nhint: .*gzip -dc .*\| strata workspaces import - /,
    );
  });

  it('[C12] [C27] what is left out is a warning', () => {
    expect(
      bash('mkfifo pipe; tar -cf pipe.tar pipe a 2>/dev/null; "$0" workspaces import pipe.tar').stderr,
    ).toMatch(/^warning: FIFOs are left out: pipe\n$/);
  });

  it.each([
    [['export', 'web', 'tree'], 'bad_input', /is no file/],
    [['export', 'web', '/dev/null'], 'bad_input', /is no file/],
    [['export', 'web', 'nowhere/x.tar'], 'not_found', /nowhere/],
    [['export', 'web', '-'], 'bad_input', /JSON/],
    [['export', 'web:a.txt', 'x.tar'], 'bad_input', /file, not a directory/],
    [['export', 'wbe', 'x.tar'], 'workspace_not_found', /web/],
    [['import', 'nowhere.tar'], 'not_found', /nowhere/],
    [['import', 'tree', '-w', 'x'], 'bad_input', /tree/],
    [['import', 'tree/a.txt', '-w', 'x'], 'bad_input', /no tar archive/],
    [['import', '-'], 'bad_input', /-w NAME/],
    [['import', 'web.tar', '-w', 'a b'], 'bad_input', /a b/],
  ])('[C26] [C27] [C1] %j: %s', (words, code, text) => {
    const error = failure('workspaces', ...words);
    expect(error.code).toBe(code);
    expect(`${error.message} ${error.hint}`).toMatch(text);
    expect(existsSync(path('x.tar'))).toBe(false);
    expect(readdirSync(base).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('[C27] what is no archive makes no home', () => {
    expect(failure('workspaces', 'import', 'tree/a.txt', '-w', 'x', '--home', 'none').code).toBe('bad_input');
    expect(existsSync(path('none'))).toBe(false);
  });

  it('[C26] damage ends it with 5, and leaves what was there', () => {
    const copy = path('damaged');
    spawnSync('cp', ['-a', home, copy]);
    const find = spawnSync('find', [join(copy, 'store'), '-path', '*/data/*', '-type', 'f'], {
      encoding: 'utf8',
    });
    for (const pack of find.stdout.trim().split('\n')) {
      const bytes = readFileSync(pack);
      bytes[160]! ^= 1;
      chmodSync(pack, 0o600);
      writeFileSync(pack, bytes);
    }
    write('kept.tar', 'what was there');
    expect(failure('workspaces', 'export', 'web', 'kept.tar', '--home', copy)).toMatchObject({
      status: 5,
      code: 'integrity',
      message: expect.stringContaining('(at a.txt)'),
    });
    expect(readFileSync(path('kept.tar'), 'utf8')).toBe('what was there');
    failure('workspaces', 'export', 'web', 'new.tar', '--home', copy);
    expect(existsSync(path('new.tar'))).toBe(false);
    expect(readdirSync(base).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    // Whoever unpacks the beginning learns that it is not all.
    expect(bash('"$0" workspaces export web - --home damaged > part.tar').status).toBe(5);
    expect(failure('workspaces', 'import', 'part.tar').code).toBe('bad_input');
  });

  it('[C23] Ctrl-C ends an import that waits for its archive', async () => {
    const child = spawn(STRATA, ['workspaces', 'import', '-', '-w', 'waiting'], {
      ...options,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    const ended = once(child, 'exit');
    child.stdin.write(readFileSync(path('web.tar')).subarray(0, 1024));
    await setTimeout(1500);
    child.kill('SIGINT');
    expect(await ended).toEqual([9, null]);
    expect(failure('workspaces', 'log', 'waiting').code).toBe('workspace_not_found');
  });
});

describe('why', () => {
  beforeAll(() => {
    write('tree/a.txt', 'longer than before\n');
    answer('workspaces', 'save', 'tree', '-w', 'web', '-m', 'more\x1b[31m');
  });

  it('[C28] tells which snapshots changed a path', () => {
    expect(answer('workspaces', 'why', 'web:a.txt')).toEqual({
      path: 'a.txt',
      changes: [
        {
          snapshot: 3,
          created: ISO,
          change: 'changed',
          before: { kind: 'file', mode: 0o644, mtime: ISO, size: 6 },
          after: { kind: 'file', mode: 0o644, mtime: ISO, size: 19 },
          message: 'more\x1b[31m',
        },
        {
          snapshot: 1,
          created: ISO,
          change: 'added',
          before: null,
          after: { kind: 'file', mode: 0o644, mtime: ISO, size: 6 },
          message: '',
        },
      ],
    });
    const { stdout } = strata('workspaces', 'why', 'web:a.txt');
    expect(stdout).toMatch(
      /^SNAPSHOT {2}SAVED +CHANGE +WHAT +MESSAGE\n +@3 {2}just now {2}changed {2}6 B became 19 B {2}more\\x1b\[31m\n +@1 {2}just now {2}added +6 B\n$/,
    );
    expect(answer('workspaces', 'why', 'web')).toMatchObject({
      path: '',
      changes: [{ snapshot: 3, after: { kind: 'directory', files: 2 } }, { snapshot: 1 }],
    });
    expect(failure('workspaces', 'why', 'web:none')).toMatchObject({ code: 'path_not_found', status: 4 });
    expect(failure('workspaces', 'why', 'web@1:a.txt')).toMatchObject({ code: 'bad_input', status: 2 });
  });
});
