import { spawnSync } from 'node:child_process';
import type { SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';

/** Says which file ran, with what, and under which Node. */
const PROGRAM = `
import 'node:sqlite';
const [verb, value] = process.argv.slice(2);
if (verb === 'exit') process.exit(Number(value));
if (verb === 'kill') process.kill(process.pid, value);
const malloc = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^MALLOC_|^GLIBC_/.test(name)));
console.log(JSON.stringify({ from: FROM, args: process.argv.slice(2), node: process.execPath, pid: process.pid, malloc }));
`;

const everything = mkdtempSync(join(tmpdir(), 'strata launcher '));
let base: string;
beforeEach(() => (base = mkdtempSync(join(everything, 'case '))));
afterAll(() => rmSync(everything, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}

/** A `node` on PATH that says it has this version, and otherwise that it ran. */
function fakeNode(version: string): string {
  write(join(base, 'fake/node'), `#!/bin/sh\n[ "$1" = -v ] && echo '${version}' || echo fake\n`);
  return join(base, 'fake');
}

/** As npm lays it out, with the Node that runs this test. */
function bundleNode(modules: string): string {
  const cpu = process.arch === 'x64' ? 'x64' : 'arm64';
  const node = join(modules, `node-linux-${cpu}/bin/node`);
  mkdirSync(dirname(node), { recursive: true });
  symlinkSync(process.execPath, node);
  return node;
}

function layOut(root: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync('bin/strata', join(root, 'bin/strata'));
  write(join(root, 'package.json'), '{"type":"module"}');
}

function layOutClone(root: string): void {
  layOut(root);
  bundleNode(join(root, 'node_modules'));
  write(join(root, 'src/cli/main.ts'), `const FROM: string = 'src';${PROGRAM}`);
  write(join(root, 'src/cli/other.ts'), '');
  for (const name of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json'])
    write(join(root, name), '{}');
}

function layOutBuild(root: string): void {
  write(join(root, 'dist/cli/main.js'), `const FROM = 'dist';${PROGRAM}`);
  if (!root.endsWith('/strata')) write(join(root, 'dist/.stamp'), '');
}

/** The directories that a shell finds its own programs in, without the Nodes of this machine. */
function plainPath(): string {
  const tools = join(base, 'tools');
  mkdirSync(tools, { recursive: true });
  for (const tool of ['sh', 'find', 'readlink', 'uname', 'env', 'stat', 'mkdir', 'mv']) {
    const found = spawnSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).stdout.trim();
    try {
      symlinkSync(found, join(tools, tool));
    } catch {
      // It is there already: one test may start strata several times.
    }
  }
  return tools;
}

function start(
  command: string,
  args: readonly string[] = [],
  options: Partial<SpawnSyncOptionsWithStringEncoding> = {},
) {
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    ...options,
    env: { PATH: plainPath(), ...options.env },
  });
  return { status, signal, stdout, stderr };
}

function report(
  command: string,
  args: readonly string[] = [],
  options: Partial<SpawnSyncOptionsWithStringEncoding> = {},
) {
  const result = start(command, args, options);
  // A warning of Node would stand in front of every answer of every command.
  expect({ ...result, stdout: '' }).toEqual({ status: 0, signal: null, stdout: '', stderr: '' });
  return JSON.parse(result.stdout) as {
    from: string;
    args: string[];
    node: string;
    malloc: Record<string, string>;
  };
}

describe('in a clone', () => {
  const edits: readonly [string, (root: string) => void][] = [
    ['a source was edited', (root) => write(join(root, 'src/cli/other.ts'), '//')],
    ['a source was removed', (root) => rmSync(join(root, 'src/cli/other.ts'))],
    ['a source was added', (root) => write(join(root, 'src/cli/new.ts'), '')],
    ['dependencies changed', (root) => write(join(root, 'package-lock.json'), '{ }')],
    ['a build setting changed', (root) => write(join(root, 'tsconfig.build.json'), '{ }')],
    ['a build setting is gone', (root) => rmSync(join(root, 'tsconfig.json'))],
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

describe('the Node it takes', () => {
  it.each([
    ['v24.15.0', true],
    ['v24.100.1', true],
    ['v25.0.0', true],
    ['v100.2.3-nightly', true],
    ['v24.14.9', false],
    ['v20.20.2', false],
    ['v9.99.0', false],
    ['v24', false],
    ['vx.y.z', false],
    ['24.15.0', false],
    ['', false],
  ])('the one on PATH that says %j: %s', (version, taken) => {
    layOutClone(base);
    const { stdout } = start(join(base, 'bin/strata'), [], {
      env: { PATH: `${fakeNode(version)}:${plainPath()}` },
    });
    expect(stdout === 'fake\n').toBe(taken);
  });

  it('is asked once, unless what is found starts another one', () => {
    layOutClone(base);
    const remembered = () => readFileSync(join(base, '.compile-cache/.node'), 'utf8');
    const run = (directory: string) =>
      start(join(base, 'bin/strata'), [], { env: { PATH: `${directory}:${plainPath()}` } }).stdout;
    // A switcher that turns.
    const switcher = fakeNode('v24.15.0');
    expect([run(switcher), run(switcher)]).toEqual(['fake\n', 'fake\n']);
    expect(remembered()).toMatch(/^\?\d+\./);
    expect(run(fakeNode('v20.20.2'))).not.toBe('fake\n');
    // A Node itself: when it is replaced it is asked again.
    const own = join(base, 'own');
    mkdirSync(own);
    symlinkSync(process.execPath, join(own, 'node'));
    expect(run(own)).toContain('"node"');
    expect(remembered()).toMatch(/^\d+\./);
    rmSync(join(own, 'node'));
    write(join(own, 'node'), `#!/bin/sh\n[ "$1" = -v ] && echo v20.20.2 || echo fake\n`);
    expect(run(own)).not.toBe('fake\n');
  });

  it('is asked once also if it is too old', () => {
    layOutClone(base);
    const own = join(base, 'own');
    const answers = '-v) echo v20.20.2 ;; -p) readlink -f "$0" ;; *) echo fake ;;';
    write(join(own, 'node'), `#!/bin/sh\necho "$1" >>'${join(base, 'asked')}'\ncase $1 in ${answers} esac\n`);
    const env = { PATH: `${own}:${plainPath()}` };
    for (let time = 0; time < 3; time++) report(join(base, 'bin/strata'), [], { env });
    expect(readFileSync(join(base, 'asked'), 'utf8')).toBe('-v\n-p\n');
    // And when there is no other, what is told is still true.
    rmSync(join(base, 'node_modules'), { recursive: true });
    mkdirSync(join(base, 'node_modules'));
    expect(start(join(base, 'bin/strata'), [], { env }).stderr).toMatch(/the node on PATH is v20\.20\.2/);
  });

  it('says what is needed when there is none', () => {
    layOutClone(base);
    rmSync(join(base, 'node_modules'), { recursive: true });
    mkdirSync(join(base, 'node_modules'));
    const { status, stderr } = start(join(base, 'bin/strata'), [], {
      env: { PATH: `${fakeNode('v20.20.2')}:${plainPath()}` },
    });
    expect(status).toBe(7);
    expect(stderr).toMatch(/Node 24\.15 or newer is needed; the node on PATH is v20\.20\.2/);
    expect(start(join(base, 'bin/strata')).stderr).toMatch(/the node on PATH is missing/);
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
