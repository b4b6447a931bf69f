import { mkdirSync, realpathSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

import {
  PROGRAM,
  base,
  write,
  bundleNode,
  layOut,
  layOutClone,
  layOutBuild,
  plainPath,
  start,
  report,
} from './launcher.fixture.ts';

describe('in a clone', () => {
  const edits: readonly [string, (root: string) => void][] = [
    ['a source was edited', (root) => write(join(root, 'src/cli/other.ts'), '//')],
    ['a source was removed', (root) => rmSync(join(root, 'src/cli/other.ts'))],
    ['a source was added', (root) => write(join(root, 'src/cli/new.ts'), '')],
    ['dependencies changed', (root) => write(join(root, 'package-lock.json'), '{ }')],
    ['a build setting changed', (root) => write(join(root, 'tsconfig.build.json'), '{ }')],
    ['a build setting is gone', (root) => rmSync(join(root, 'tsconfig.json'))],
    ['how it is built changed', (root) => write(join(root, 'scripts/build'), '')],
    ['a build was broken off', (root) => rmSync(join(root, 'dist/.stamp'))],
    [
      'a source was replaced by one with an old date',
      (root) => {
        writeFileSync(join(root, 'src/cli/other.ts'), '//');
        utimesSync(join(root, 'src/cli/other.ts'), 1, 1);
      },
    ],
  ];

  it('runs the build while it is newer than everything it was made from', () => {
    layOutClone(base);
    expect(report(join(base, 'bin/strata')).from).toBe('src');
    layOutBuild(base);
    expect(report(join(base, 'bin/strata')).from).toBe('dist');
  });

  it.each(edits)('runs the sources when %s', (_name, edit) => {
    layOutClone(base);
    layOutBuild(base);
    const built = statSync(join(base, 'dist/.stamp')).mtimeMs;
    // Times of files move in steps of some milliseconds.
    while (Date.now() < built + 20);
    edit(base);
    expect(report(join(base, 'bin/strata')).from).toBe('src');
  });

  it('never runs an old source out of the compile cache', () => {
    layOutClone(base);
    report(join(base, 'bin/strata'));
    report(join(base, 'bin/strata'));
    expect(statSync(join(base, '.compile-cache')).isDirectory()).toBe(true);
    write(join(base, 'src/cli/main.ts'), `const FROM: string = 'new';${PROGRAM}`);
    expect(report(join(base, 'bin/strata')).from).toBe('new');
  });

  it('says what to do before npm ci', () => {
    layOutClone(base);
    rmSync(join(base, 'node_modules'), { recursive: true });
    const { status, stderr } = start(join(base, 'bin/strata'));
    expect(status).toBe(7);
    expect(stderr).toContain('npm ci');
  });
});

describe('in an installed package', () => {
  const places: readonly [string, string, string][] = [
    ['hoisted', 'node_modules/strata', 'node_modules'],
    ['nested', 'node_modules/strata', 'node_modules/strata/node_modules'],
    ['hoisted out of a workspace', 'packages/app/node_modules/strata', 'node_modules'],
  ];

  it.each(places)('finds its Node when npm has it %s', (_name, place, modules) => {
    const root = join(base, place);
    layOut(root);
    layOutBuild(root);
    const node = bundleNode(join(base, modules));
    const link = join(dirname(root), '.bin/strata');
    mkdirSync(dirname(link));
    symlinkSync('../strata/bin/strata', link);
    expect(report(link)).toMatchObject({ from: 'dist', node: realpathSync(node) });
  });

  it('is found through links to links, relative paths and PATH', () => {
    const root = join(base, 'node_modules/strata');
    layOut(root);
    layOutBuild(root);
    bundleNode(join(base, 'node_modules'));
    symlinkSync(root, join(base, 'link'));
    symlinkSync('link/bin/strata', join(base, 'one'));
    symlinkSync(join(base, 'one'), join(base, 'mctl'));
    for (const [command, args] of [
      ['./mctl', []],
      ['sh', ['mctl']],
      ['sh', ['link/bin/strata']],
      ['env', ['mctl']],
    ] as const) {
      expect(report(command, args, { cwd: base, env: { PATH: `${plainPath()}:${base}` } }).from).toBe('dist');
    }
  });

  it('says so when it is incomplete', () => {
    layOut(join(base, 'strata'));
    expect(start(join(base, 'strata/bin/strata'))).toMatchObject({
      status: 7,
      stderr: expect.stringContaining('incomplete'),
    });
  });
});

describe('what passes through', () => {
  it('arguments, as they are', () => {
    layOutClone(base);
    const args = ['', ' a  b ', 'line\nbreak', '*', '$HOME', "'", '--', '-v'];
    expect(report(join(base, 'bin/strata'), args).args).toEqual(args);
  });

  it('exit codes and signals', () => {
    layOutClone(base);
    expect(start(join(base, 'bin/strata'), ['exit', '5'])).toMatchObject({ status: 5, signal: null });
    expect(start(join(base, 'bin/strata'), ['kill', 'SIGTERM'])).toMatchObject({
      status: null,
      signal: 'SIGTERM',
    });
  });

  it('settings of malloc, unless the user has some', () => {
    layOutClone(base);
    const set = {
      MALLOC_MMAP_THRESHOLD_: '33554432',
      MALLOC_TRIM_THRESHOLD_: '536870912',
      MALLOC_TOP_PAD_: '67108864',
      MALLOC_ARENA_MAX: '1',
      GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1',
    };
    expect(report(join(base, 'bin/strata')).malloc).toEqual(set);
    const env = { PATH: plainPath(), MALLOC_TOP_PAD_: '1' };
    expect(report(join(base, 'bin/strata'), [], { env }).malloc).toEqual({ ...set, MALLOC_TOP_PAD_: '1' });
  });
});
