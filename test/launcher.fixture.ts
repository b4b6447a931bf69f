/** Packages and clones as a launcher finds them, and how it is started: for tests of it. */

import { spawnSync } from 'node:child_process';
import type { SpawnSyncOptionsWithStringEncoding } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, expect } from 'vitest';

/** Says which file ran, with what, and under which Node. */
export const PROGRAM = `
process.getBuiltinModule('node:sqlite');
const [verb, value] = process.argv.slice(2);
if (verb === 'exit') process.exit(Number(value));
if (verb === 'kill') process.kill(process.pid, value);
const malloc = Object.fromEntries(Object.entries(process.env).filter(([name]) => /^MALLOC_|^GLIBC_/.test(name)));
console.log(JSON.stringify({ from: FROM, args: process.argv.slice(2), node: process.execPath, pid: process.pid, malloc }));
`;

const everything = mkdtempSync(join(tmpdir(), 'strata launcher '));
/** Of the test that runs. */
export let base: string;
beforeEach(() => (base = mkdtempSync(join(everything, 'case '))));
afterAll(() => rmSync(everything, { recursive: true }));

export function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text, { mode: 0o755 });
}

/** A `node` on PATH that says it has this version, and otherwise that it ran. */
export function fakeNode(version: string): string {
  write(join(base, 'fake/node'), `#!/bin/sh\n[ "$1" = -v ] && echo '${version}' || echo fake\n`);
  return join(base, 'fake');
}

/** As npm lays it out, with the Node that runs this test. */
export function bundleNode(modules: string): string {
  const cpu = process.arch === 'x64' ? 'x64' : 'arm64';
  const node = join(modules, `node-linux-${cpu}/bin/node`);
  mkdirSync(dirname(node), { recursive: true });
  symlinkSync(process.execPath, node);
  return node;
}

export function layOut(root: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true });
  copyFileSync('bin/strata', join(root, 'bin/strata'));
  write(join(root, 'package.json'), '{"type":"module"}');
}

export function layOutClone(root: string): void {
  layOut(root);
  bundleNode(join(root, 'node_modules'));
  write(join(root, 'src/cli/main.ts'), `const FROM: string = 'src';${PROGRAM}`);
  write(join(root, 'src/cli/other.ts'), '');
  for (const name of [
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'rolldown.config.ts',
    'scripts/build',
  ])
    write(join(root, name), '{}');
}

export function layOutBuild(root: string): void {
  write(join(root, 'dist/cli/main.cjs'), `const FROM = 'dist';${PROGRAM}`);
  if (!root.endsWith('/strata')) write(join(root, 'dist/.stamp'), '');
}

/** The directories that a shell finds its own programs in, without the Nodes of this machine. */
export function plainPath(): string {
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

export function start(
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

export function report(
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
