/** Runs by `bin/strata`, as a user has them: cut short of disk, and beside a collector. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../src/testing/need.ts';
import { STRATA, openCommandLine } from './command-line.fixture.ts';
import type { RunShape as Run } from './run-shape.fixture.ts';

let line: ReturnType<typeof openCommandLine>;
beforeEach(() => (line = openCommandLine()));
const places: string[] = [];
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));
beforeEach(() => void places.push(line.base));

const answer = <Shape>(...words: readonly string[]) => line.answer(...words) as Shape;

describeWith(['mounts'], 'a small disk', () => {
  /** Runs a command where `path` of the home is a disk of so many MiB. */
  const onDisk = (path: string, size: number, ...words: readonly string[]) => {
    const mount = join(line.home, path);
    mkdirSync(mount, { recursive: true });
    const script = `mount -t tmpfs -o size=${size}m none "$0" && exec "$@"`;
    const { status, stdout, stderr } = spawnSync(
      'unshare',
      ['--mount', 'sh', '-c', script, mount, STRATA, '--json', ...words],
      {
        ...line.options,
        encoding: 'utf8',
      },
    );
    if (stdout === '') throw new Error(`it ended with ${status}: ${stderr}`);
    return { status, run: JSON.parse(stdout) as Run };
  };
  const start = ['runs', 'start', 'ci.yml', '--sandbox', 'off'];

  it('[R19] a task that fills it fails, and the next one has room again', () => {
    line.write(
      'ci.yml',
      `runs: [{ name: r, tasks: [{ name: full, steps: [{ run: "cat /dev/zero > f" }] },
         { name: next, depends: [{ full: [on_failure] }], steps: [{ run: "head -c 8M /dev/zero > f" }, { save_to_workspace: { contents: [{}] } }] }] }]`,
    );
    const { status, run } = onDisk('tasks', 12, ...start);
    expect(status).toBe(1);
    expect(run.tasks).toMatchObject([
      { status: 'failed', error: { code: 'command_failed' } },
      { status: 'success' },
    ]);
  }, 60_000);

  it('[R1] a save for which the store has no room fails its task, and there is no layer', () => {
    line.write(
      'ci.yml',
      `runs: [{ name: r, tasks: [{ name: large, steps: [{ run: "head -c 20M /dev/urandom > f" }, { save_to_workspace: { contents: [{}], on: failure } }] },
         { name: small, steps: [{ run: "echo s > s" }, { save_to_workspace: { contents: [{}] } }] },
         { name: next, depends: [small, { large: [on_failure] }], steps: [restore_workspace, { run: "test -e s" }] }] }]`,
    );
    const { status, run } = onDisk('store', 12, ...start);
    expect(status).toBe(1);
    const [large, small, next] = run.tasks;
    expect([large!.error?.code, large!.layers]).toEqual(['disk_full', []]);
    expect([small!.status, next!.status]).toEqual(['success', 'success']);
  }, 60_000);

  it('[R19] a place that cannot be made, or restored to, fails its task and not the run', () => {
    line.write(
      'ci.yml',
      `runs: [{ name: r, tasks: [{ name: a, steps: [{ run: "head -c 6M /dev/urandom > f" }, { save_to_workspace: { contents: [{}] } }] },
         { name: b, depends: [a], steps: [{ run: "head -c 4M /dev/zero > g" }, restore_workspace] }] }]`,
    );
    const { status, run } = onDisk('tasks', 8, ...start);
    expect([status, run.phase]).toEqual([1, 'finished']);
    expect(run.tasks).toMatchObject([
      { status: 'success' },
      { status: 'failed', error: { code: 'disk_full' } },
    ]);
  }, 60_000);
});

it('[R50] collections beside restarts take nothing that they need', async () => {
  line.write(
    'ci.yml',
    `runs: [{ name: r, tasks: [
       { name: a, steps: [{ run: "head -c 3M /dev/urandom > a" }, { save_to_workspace: { contents: [{}] } }] },
       { name: b, depends: [a], steps: [restore_workspace, { run: "head -c 3M /dev/urandom > b; sleep 0.2" }, { save_to_workspace: { contents: [{}] } }] },
       { name: c, depends: [b], steps: [restore_workspace, { run: "wc -c a b" }] }] }]`,
  );
  let { id } = answer<Run>('runs', 'start', 'ci.yml', '--sandbox', 'off');
  const over = new AbortController();
  const collecting = (async () => {
    let collections = 0;
    while (!over.signal.aborted) {
      const child = spawn(STRATA, ['store', 'gc', '--margin', '0s', '--json'], {
        ...line.options,
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let text = '';
      child.stderr.on('data', (part: Uint8Array) => (text += Buffer.from(part).toString()));
      const [status] = await once(child, 'close');
      // Another collector, or a clock, may be in its way; nothing else may.
      expect([status, text]).toEqual([0, expect.anything()]);
      collections++;
    }
    return collections;
  })();
  for (let restarts = 0; restarts < 4; restarts++) {
    const child = spawn(
      STRATA,
      ['--json', 'runs', 'restart', id, '--tasks', restarts % 2 === 0 ? 'b' : 'c'],
      {
        ...line.options,
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    let text = '';
    child.stdout.on('data', (part: Uint8Array) => (text += Buffer.from(part).toString()));
    await once(child, 'close');
    const run = JSON.parse(text) as Run;
    expect(run.result).toBe('success');
    answer('runs', 'rm', id);
    ({ id } = run);
  }
  over.abort();
  expect(await collecting).toBeGreaterThan(1);
  expect(answer('store', 'verify', '--read-data')).toMatchObject({ ok: true });
  expect(line.strata('workspaces', 'ls', `${id}#c`).status).toBe(0);
}, 60_000);

it('[R62] [C45] ten thousand tasks are planned in seconds', () => {
  const tasks = Array.from({ length: 10_000 }, (_, at) => ({
    name: `t${at}`,
    depends: at < 100 ? [] : [`t${at - 100}`],
    steps: ['restore_workspace'],
  }));
  line.write('ci.yml', JSON.stringify({ runs: [{ name: 'r', tasks }] }));
  const began = Date.now();
  const how = { ...line.options, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const { status, stdout } = spawnSync(STRATA, ['--json', 'runs', 'plan', 'ci.yml'], how);
  expect(status).toBe(0);
  expect((JSON.parse(stdout) as { tasks: readonly object[] }).tasks).toHaveLength(10_000);
  expect(Date.now() - began).toBeLessThan(15_000);
}, 60_000);
