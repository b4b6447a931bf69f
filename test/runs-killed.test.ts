/** Runs by `bin/strata` whose process is killed. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../src/testing/need.ts';
import { STRATA, openCommandLine } from './command-line.fixture.ts';
import type { RunShape as Run } from './run-shape.fixture.ts';

let line: ReturnType<typeof openCommandLine>;
beforeEach(() => (line = openCommandLine()));
const places: string[] = [];
afterAll(() => places.forEach((place) => rmSync(place, { recursive: true, force: true })));
beforeEach(() => void places.push(line.base));

const STEPS = [
  'clone',
  'run',
  'save_cache',
  'restore_cache',
  'restore_workspace',
  'save_to_workspace',
] as const;

/** Each step of `all` has megabytes to do; none of the others has as many steps as it has before them. */
const BEFORE = 2;

/** Each home cuts files its own way, so that digests of equal ones differ between two; but four bytes that repeat are cut alike by all. */
const FILE = `
runs:
  - name: r
    tasks:
      - name: base
        steps:
          - run: mkdir given && for n in 1 2 3 4 5 6 7 8; do yes g-$n | head -c 1000000 > given/$n; done
          - save_to_workspace: { contents: [{ source_dir: given, dest_dir: given }] }
      - name: all
        depends: [base]
        steps:
          - run: "true"
          - run: "true"
          - clone
          - run: for n in 1 2 3 4 5 6 7 8; do yes o-$n | head -c 1000000 > own-$n; done; sleep 0.2
          - save_cache: { key: "k-{{ unixtime }}", contents: [{ paths: ["own-*"] }] }
          - restore_cache: { keys: [k-], dest_dir: cached }
          - restore_workspace
          - save_to_workspace: { contents: [{ paths: ["own-*", given] }] }
      - name: tip
        depends: [all]
        steps: [restore_workspace, { run: "cat given/* own-* | sha256sum" }]
`;

function inRepository(...words: readonly string[]): void {
  const as = ['-c', 'user.name=a', '-c', 'user.email=a@b'];
  execFileSync('git', [...as, '-C', join(line.base, 'repository'), ...words]);
}

function prepare(): void {
  line.write('repository/file', 'x'.repeat(100_000));
  inRepository('init', '--quiet');
  inRepository('add', '.');
  inRepository('commit', '--quiet', '-m', 'all');
  line.write('ci.yml', FILE);
}

const started = ['--json', 'runs', 'start', 'ci.yml', '--source', 'repository', '--sandbox'];

/** Waits until a step has begun, and kills then. @returns the id of the run */
async function killIn(
  step: number,
  sandbox: string,
  delay: number,
  words: readonly string[] = started,
): Promise<string> {
  const child = spawn(STRATA, [...words, sandbox], { ...line.options, stdio: 'ignore' });
  const ended = once(child, 'exit');
  const logs = join(line.home, 'runs');
  // The log of a step is there from its first moment on.
  const hasBegun = () => {
    const [run = ''] = existsSync(logs) ? readdirSync(logs) : [];
    const names = existsSync(join(logs, run))
      ? readdirSync(join(logs, run)).flatMap((task) => readdirSync(join(logs, run, task)))
      : [];
    return names.includes(`1-${step}.log`);
  };
  while (!hasBegun() && child.exitCode === null) await wait(5);
  await wait(delay);
  child.kill('SIGKILL');
  await ended;
  return readdirSync(logs)[0]!;
}

const answer = <Shape>(...words: readonly string[]) => line.answer(...words) as Shape;

describeWith(['git'], 'a killed engine', () => {
  let whole: readonly string[] = [];

  const digests = ({ tasks }: Run) =>
    tasks.map(({ name, layers }) => `${name} ${layers.map(({ digest }) => digest).join()}`);

  beforeAll(() => {
    line = openCommandLine();
    prepare();
    whole = digests(answer<Run>(...started.slice(1), 'off'));
    rmSync(line.base, { recursive: true });
  });

  it.each(STEPS.map((step, at) => [step, (at % 3) * 15, at + BEFORE] as const))(
    '[R24] in %s, after %d ms: resumed, the run ends as if nothing had been',
    async (_, delay, at) => {
      prepare();
      const id = await killIn(at, 'off', delay);
      const before = answer<Run>('runs', 'get', id);
      expect(before).toMatchObject({ phase: 'running', orphaned: true });
      const all = before.tasks.find(({ name }) => name === 'all')!;
      if (all.status === 'running') expect(all.layers.length).toBeLessThanOrEqual(1);
      const after = answer<Run>('runs', 'resume', id);
      expect(after).toMatchObject({ id, phase: 'finished', result: 'success' });
      expect(digests(after)).toEqual(whole);
      expect(readdirSync(join(line.home, 'tasks'))).toEqual([]);
      expect(answer('store', 'verify')).toMatchObject({ ok: true, problems: [] });
      expect(line.failure('runs', 'resume', id)).toMatchObject({ status: 6, code: 'refused' });
    },
    60_000,
  );
});

it('[R24] [R50] what a killed attempt has saved is let go when it is resumed', async () => {
  const begun = join(line.base, 'begun');
  line.write(
    'ci.yml',
    `runs: [{ name: r, tasks: [{ name: a, steps: [
       { run: "if mkdir ${begun}; then head -c 3M /dev/urandom > large; else echo x > small; fi" },
       { save_to_workspace: { contents: [{}] } }, { run: "test -e small || sleep 4322" }] }] }]`,
  );
  const id = await killIn(2, 'off', 0, ['--json', 'runs', 'start', 'ci.yml', '--sandbox']);
  const before = answer<Run>('runs', 'get', id);
  expect(before.tasks).toMatchObject([{ attempt: 1, status: 'running', layers: [{}] }]);
  const collect = () => answer<{ liveBytes: number }>('store', 'gc', '--margin', '0').liveBytes;
  expect(collect()).toBeGreaterThan(3_000_000);
  expect(answer<Run>('runs', 'resume', id)).toMatchObject({
    result: 'success',
    tasks: [{ attempt: 2, layers: [{}] }],
  });
  expect(collect()).toBeLessThan(1_000_000);
  expect(answer('workspaces', 'ls', id)).toMatchObject({ entries: [{ path: 'small' }] });
}, 60_000);

describeWith(['git'], 'a killed engine that clones', () => {
  it('[R26] goes on with the commit that it began with', async () => {
    prepare();
    line.write(
      'ci.yml',
      `runs: [{ name: r, tasks: [
         { name: a, steps: [clone, { run: "wc -c < file; ls ..; sleep 4324" }], task_timeout_interval: 2s },
         { name: b, depends: [{ task: a, conditions: [on_failure] }], steps: [clone, { run: "wc -c < file" }] }] }]`,
    );
    const id = await killIn(1, 'off', 0);
    const before = answer<Run & { source: { commit: string } }>('runs', 'get', id);
    expect(before.source.commit).toMatch(/^[0-9a-f]{40}$/);
    line.write('repository/file', 'y');
    inRepository('commit', '--quiet', '-a', '-m', 'moved');
    const { stdout } = line.strata('--json', 'runs', 'resume', id);
    expect(JSON.parse(stdout)).toMatchObject({
      source: before.source,
      tasks: [
        { attempt: 2, status: 'failed' },
        { attempt: 1, status: 'success' },
      ],
    });
    for (const task of ['a', 'b']) expect(line.strata('runs', 'logs', id, task).stdout).toMatch(/^100000$/m);
    expect(line.strata('runs', 'get', id).stdout).toContain(
      `\nsource ${before.source.commit.slice(0, 12)} of ${join(line.base, 'repository')}\n`,
    );
  }, 60_000);

  const cloning = () => spawnSync('pgrep', ['-f', '^sleep 4323$'], { encoding: 'utf8' }).stdout !== '';

  it.each(['resume', 'cancel'])(
    '[R24] [X13] leaves git behind, which `%s` ends',
    async (verb) => {
      prepare();
      // A source that takes its time: git asks this for the objects.
      const slow = join(line.base, 'slow');
      line.write('slow', '#!/bin/sh\nsleep 4323\nexec "$@"\n');
      chmodSync(slow, 0o755);
      line.write('.gitconfig', `[uploadpack]\n  packObjectsHook = ${slow}\n`);
      line.write('ci.yml', 'runs: [{ name: r, tasks: [{ name: a, steps: [clone] }] }]');
      const child = spawn(STRATA, [...started, 'off'], { ...line.options, stdio: 'ignore' });
      while (!cloning() && child.exitCode === null) await wait(20);
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
      expect(cloning()).toBe(true);
      const { runs } = answer<{ runs: readonly Run[] }>('runs', 'list');
      const more = verb === 'resume' ? ['--fail-interrupted'] : [];
      expect(line.strata('runs', verb, runs[0]!.id, ...more).status).toBe(verb === 'resume' ? 1 : 0);
      expect(cloning()).toBe(false);
      expect(readdirSync(join(line.home, 'tasks'))).toEqual([]);
    },
    60_000,
  );
});

describeWith(['bwrap'], 'a killed engine with a sandbox', () => {
  it('[R24] leaves no process behind, and with --fail-interrupted the task has failed', async () => {
    line.write('ci.yml', 'runs: [{ name: r, tasks: [{ name: long, steps: [{ run: "sleep 4321" }] }] }]');
    const child = spawn(STRATA, ['--json', 'runs', 'start', 'ci.yml'], { ...line.options, stdio: 'ignore' });
    const sleeping = () => spawnSync('pgrep', ['-fx', 'sleep 4321'], { encoding: 'utf8' }).stdout !== '';
    while (!sleeping() && child.exitCode === null) await wait(20);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    const { runs } = answer<{ runs: readonly Run[] }>('runs', 'list');
    expect(runs[0]).toMatchObject({ phase: 'running', orphaned: true });
    const { status, stdout } = line.strata('--json', 'runs', 'resume', runs[0]!.id, '--fail-interrupted');
    expect(status).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      result: 'failed',
      tasks: [{ status: 'failed', error: { code: 'interrupted' } }],
    });
    expect(sleeping()).toBe(false);
    expect(readdirSync(join(line.home, 'tasks'))).toEqual([]);
  }, 30_000);
});
