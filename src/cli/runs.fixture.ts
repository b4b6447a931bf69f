/** A home and a directory of its own for tests of `runs`, and run files in it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';

import { captureWorld } from './capture.fixture.ts';
import { run } from './run.ts';

export let cwd: string;
beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'strata-runs-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

export async function strata(words: readonly string[], signal?: AbortSignal) {
  const env = { HOME: cwd, STRATA_HOME: join(cwd, 'home'), PATH: process.env['PATH'] };
  const world = captureWorld({ cwd, env, ...(signal && { signal }) });
  const exitCode = await run(words, world);
  return { exitCode, stdout: await world.stdout.settled(), stderr: await world.stderr.settled() };
}

export async function answer<Shape>(...words: readonly string[]): Promise<Shape & { exitCode: number }> {
  const { exitCode, stdout, stderr } = await strata(['--json', ...words]);
  if (stdout === '') throw new Error(`${words.join(' ')} ended with ${exitCode}: ${stderr}`);
  return { ...(JSON.parse(stdout) as Shape), exitCode };
}

export async function failure(
  ...words: readonly string[]
): Promise<{ exitCode: number; code: string; message: string }> {
  const { exitCode, stdout, stderr } = await strata(['--json', ...words]);
  expect(stdout).toBe('');
  const { error } = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as {
    error: { code: string; message: string };
  };
  return { exitCode, ...error };
}

export const file = (...tasks: readonly string[]): string => {
  writeFileSync(join(cwd, 'ci.yml'), `runs: [{ name: ci, tasks: [${tasks.join(', ')}] }]`);
  return 'ci.yml';
};
export const task = (name: string, command: string, more = '') =>
  `{ name: ${name}, steps: [{ run: ${JSON.stringify(command)} }, { save_to_workspace: { contents: [{}] } }]${more} }`;
export const start = (...tasks: readonly string[]) => ['runs', 'start', file(...tasks), '--sandbox', 'off'];

export const GOOD = task('build', 'echo built > binary; echo said');
export const BAD = task('test', 'exit 3', ', depends: [build]');
