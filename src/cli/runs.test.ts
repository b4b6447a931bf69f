/** `runs`: what it answers, and how it ends. */

import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { EXIT_CODES } from '../base/index.ts';
import { describeWith } from '../testing/need.ts';
import { BAD, GOOD, answer, cwd, failure, file, start, strata, task } from './runs.fixture.ts';

interface RunShape {
  readonly id: string;
  readonly result: string;
  readonly tasks: readonly { readonly name: string; readonly status: string; readonly reused: boolean }[];
}

const ISO: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT/);
const HEX: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);

it('[C45] start answers with the run, in one shape', async () => {
  const { exitCode, ...answered } = await answer<RunShape>(...start(GOOD));
  expect(exitCode).toBe(0);
  expect(answered).toEqual({
    id: expect.stringMatching(/^run-[0-9a-f]{12}$/),
    name: 'ci',
    phase: 'finished',
    result: 'success',
    restartedFrom: null,
    created: ISO,
    started: ISO,
    ended: ISO,
    expires: ISO,
    orphaned: false,
    source: null,
    tasks: [
      {
        id: expect.stringMatching(/^task-[0-9a-f]{12}$/),
        name: 'build',
        status: 'success',
        level: 0,
        attempt: 1,
        reused: false,
        waitingApproval: false,
        executor: 'host',
        started: ISO,
        ended: ISO,
        inputDigest: HEX,
        savedBytes: 6,
        restoredBytes: 0,
        layers: [{ step: 'save to workspace', digest: HEX, files: 1, bytes: 6, newBytes: 6 }],
        error: null,
      },
    ],
  });
  const seen = await answer<RunShape>('runs', 'get', answered.id);
  expect(seen).toEqual({ ...answered, exitCode: 0 });
  expect(await answer('runs', 'get')).toEqual(seen);
});

it('[C45] help of what carries a run tells the exit codes of runs, and that of all commands has them too', async () => {
  for (const verb of ['start', 'restart', 'resume']) {
    expect((await strata(['runs', verb, '--help'])).stdout).toMatch(
      /^Exit codes: 0 the run succeeded, 1 it failed, 9 it was\sstopped;/m,
    );
  }
  expect((await strata(['runs', 'get', '--help'])).stdout).toMatch(/exit code is 0 whatever became/);
  const [, told] = /^Exit codes: ([^]*)\.$/m.exec((await strata(['--help'])).stdout)!;
  const codes = told!.split(/,\s/).map((each) => Number.parseInt(each, 10));
  expect(codes).toEqual([...new Set([0, ...Object.values(EXIT_CODES)])].toSorted((a, b) => a - b));
});

it('[C46] a run that is ended from outside, or by a signal, ends with 9', async () => {
  const words = [...start(task('long', 'sleep 30')), '--json'];
  const ctrlC = new AbortController();
  setTimeout(() => ctrlC.abort(), 1000);
  const ended = await strata(words, ctrlC.signal);
  expect(ended.exitCode).toBe(9);
  const running = strata(words);
  for (;;) {
    const { runs } = await answer<{ runs: { id: string; phase: string }[] }>('runs', 'list');
    const going = runs.find(({ phase }) => phase === 'running');
    if (going !== undefined) {
      expect(await answer('runs', 'cancel', going.id)).toEqual({ run: going.id, exitCode: 0 });
      break;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(await running).toMatchObject({ exitCode: 9 });
}, 20_000);

describe('[C45] what cannot be done', () => {
  it.each<[string, readonly string[], number, string]>([
    ['a file that is not there', ['start', 'nope.yml'], 4, 'not_found'],
    ['no run', ['get'], 4, 'run_not_found'],
    ['no home', ['get', 'run-000000000000'], 4, 'not_found'],
    ['no variable', ['start', 'ci.yml', '--var', 'x'], 2, 'bad_input'],
    ['no sandbox', ['start', 'ci.yml', '--sandbox', 'maybe'], 2, 'bad_input'],
    ['two modes', ['restart', 'run-000000000000', '--from-start', '--tasks', 'a'], 2, 'bad_input'],
    ['an empty name', ['restart', 'run-000000000000', '--tasks', 'a,,b'], 2, 'bad_input'],
  ])('%s', async (_, words, exitCode, code) => {
    expect(await failure('runs', ...words)).toMatchObject({ exitCode, code });
  });

  it('a key that does not exist, a circle, and a name that is none', async () => {
    file('{ name: a, stpes: [] }');
    expect(await failure('runs', 'start', 'ci.yml')).toMatchObject({
      exitCode: 2,
      code: 'unknown_config_key',
      message: expect.stringMatching(/ci\.yml:1:\d+.*stpes/),
    });
    file('{ name: a, depends: [b] }', '{ name: b, depends: [a] }');
    expect(await failure('runs', 'start', 'ci.yml')).toMatchObject({ exitCode: 2, code: 'bad_input' });
    file(GOOD);
    expect(await failure('runs', 'start', 'ci.yml', '--run', 'cii')).toMatchObject({ exitCode: 4 });
    // Nothing of it has made a home.
    expect(await answer('runs', 'list')).toEqual({ runs: [], exitCode: 0 });
    expect(await strata(['runs', 'list'])).toEqual({ exitCode: 0, stdout: '', stderr: 'no runs yet\n' });
    expect(await strata(['runs', 'list', '--quiet'])).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect(await failure('runs', 'logs')).toMatchObject({ exitCode: 4, code: 'run_not_found' });
  });

  it('a file that grows when it is read', async () => {
    const level = (at: number) =>
      `a${at}: &a${at} [${Array.from({ length: 9 }, () => `*a${at - 1}`).join(', ')}]`;
    const bomb = ['a0: &a0 [x, x]', ...Array.from({ length: 20 }, (_, at) => level(at + 1))].join('\n');
    writeFileSync(join(cwd, 'bomb.yml'), bomb);
    const began = Date.now();
    expect(await failure('runs', 'start', 'bomb.yml')).toMatchObject({ exitCode: 2, code: 'bad_input' });
    writeFileSync(join(cwd, 'deep.yml'), `runs: ${'['.repeat(100_000)}`);
    expect(await failure('runs', 'start', 'deep.yml')).toMatchObject({ exitCode: 2, code: 'bad_input' });
    writeFileSync(join(cwd, 'large.yml'), 'x'.repeat(5_000_000));
    expect(await failure('runs', 'start', 'large.yml')).toMatchObject({ exitCode: 2, code: 'bad_input' });
    expect(Date.now() - began).toBeLessThan(5000);
  });

  it('a run that its condition leaves out', async () => {
    writeFileSync(join(cwd, 'ci.yml'), `runs: [{ name: ci, when: { branch: main }, tasks: [${GOOD}] }]`);
    expect(await failure('runs', 'start', 'ci.yml', '--branch', 'other')).toMatchObject({
      exitCode: 6,
      code: 'refused',
    });
    expect((await strata(['runs', 'start', 'ci.yml', '--branch', 'main', '--sandbox', 'off'])).exitCode).toBe(
      0,
    );
  });
});

it('[C45] a workspace in conflict: the run ends with 1, and who looks at it with 3', async () => {
  const same = (name: string) => task(name, `echo ${name} > f`);
  const tip = '{ name: tip, depends: [a, b], steps: [restore_workspace] }';
  const { id, exitCode, tasks } = await answer<RunShape>(...start(same('a'), same('b'), tip));
  expect(exitCode).toBe(1);
  expect(tasks[2]).toMatchObject({
    error: { code: 'workspace_conflict', details: { conflicts: [{ path: 'f' }] } },
  });
  expect(await failure('workspaces', 'ls', id)).toMatchObject({ exitCode: 3, code: 'workspace_conflict' });
  expect(await answer('workspaces', 'why', `${id}:f`)).toMatchObject({
    path: 'f',
    conflict: { path: 'f' },
    writers: [
      { task: 'a', part: 'conflict' },
      { task: 'b', part: 'conflict' },
    ],
  });
  for (const ref of [id, `${id}:`, `${id}#tip`])
    expect(await failure('workspaces', 'why', ref)).toMatchObject({
      code: 'bad_input',
      message: `${ref.replace(':', '')} names no path to ask about`,
    });
  const why = await strata(['workspaces', 'why', `${id}:f`]);
  expect(why.stdout).toMatch(/in conflict[^]*conflict at f/);
});

it('[C45] a run that waits says how to go on, and so does one that was stopped', async () => {
  const asks = '{ name: "it\'s up", approval: true, depends: [build], steps: [{ run: echo }] }';
  const stop = new AbortController();
  const running = strata(start(GOOD, asks, task('long', 'sleep 30')), stop.signal);
  const seen = async (): Promise<string> => {
    const { stdout } = await strata(['runs', 'get']);
    return stdout.includes('strata runs approve') ? stdout : wait(50).then(seen);
  };
  expect(await seen()).toMatch(/\n {2}strata runs approve run-\w+ 'it'\\''s up'\n/);
  stop.abort();
  const { exitCode, stdout } = await running;
  expect(exitCode).toBe(9);
  expect(stdout).not.toContain('approve');
  expect(stdout).toMatch(/! long[^]*\n {2}strata runs restart run-/);
});

it('[C45] restart tells what it would do, does it, and logs show what was printed', async () => {
  const failed = await answer<RunShape>(...start(GOOD, BAD));
  const dry = await answer<{ tasks: object[]; problems: string[] }>(
    'runs',
    'restart',
    failed.id,
    '--dry-run',
  );
  expect(dry).toMatchObject({
    tasks: [
      { name: 'build', action: 'reuse', reason: 'it succeeded' },
      { name: 'test', action: 'rerun', reason: 'it failed' },
    ],
    problems: [],
  });
  const again = await answer<RunShape & { restartedFrom: string }>('runs', 'restart', failed.id);
  expect(again).toMatchObject({ exitCode: 1, restartedFrom: failed.id });
  expect(again.tasks.map(({ reused }) => reused)).toEqual([true, false]);
  const logs = await strata(['runs', 'logs', failed.id, 'build']);
  expect(logs.stdout).toMatch(
    /^== build: echo built.*\nsaid\n== build: save to workspace\nsaved 1 file, 6 B, of these new 6 B, /,
  );
  expect((await strata(['runs', 'logs'])).stdout).toMatch(/^== test: exit 3\nerror: step "exit 3"/);
  const { parts } = await answer<{ parts: object[] }>('runs', 'logs', failed.id, 'build');
  expect(parts[0]).toMatchObject({ task: 'build', text: 'said\n' });
  expect(await failure('runs', 'logs', failed.id, 'nope')).toMatchObject({
    exitCode: 4,
    code: 'task_not_found',
  });
  expect(await failure('runs', 'resume', failed.id)).toMatchObject({ exitCode: 6, code: 'refused' });
  expect(await failure('runs', 'cancel', failed.id)).toMatchObject({ exitCode: 6 });
  expect(await failure('runs', 'approve', failed.id, 'test')).toMatchObject({ exitCode: 6 });
});

it('[C45] list, plan and rm', async () => {
  const { id } = await answer<RunShape>(...start(GOOD));
  expect(await answer('runs', 'list')).toMatchObject({ runs: [{ id, tasks: { success: 1 } }] });
  expect((await strata(['runs', 'list'])).stdout).toMatch(new RegExp(`^RUN .*\n${id} +ci +success +1 of 1`));
  expect((await strata(['runs', 'list', '--quiet'])).stdout).toBe(`${id}\n`);
  const other = await answer<RunShape>(...start(GOOD, task('"a\\u202eb"', 'true')));
  expect((await strata(['runs', 'list', '--quiet', '--limit', '1'])).stdout).toBe(`${other.id}\n`);
  expect((await strata(['runs', 'get', other.id, '--names'])).stdout).toBe('build\na\\xe2\\x80\\xaeb\n');
  expect(await answer('runs', 'get', other.id, '--names')).toEqual({
    id: other.id,
    names: ['build', 'a\u202eb'],
    exitCode: 0,
  });
  await answer('runs', 'rm', other.id);
  file(GOOD, '{ name: tip, depends: [build], steps: [restore_workspace] }');
  expect((await strata(['runs', 'plan', 'ci.yml'])).stdout).toMatch(
    /level 0\n {2}build: on host\nlevel 1\n {2}tip: after build; on host\n {6}restores build/,
  );
  expect(await answer('runs', 'plan', 'ci.yml')).toMatchObject({
    name: 'ci',
    tasks: [{ name: 'build' }, { name: 'tip' }],
  });
  expect(await failure('workspaces', 'log', id)).toMatchObject({
    exitCode: 4,
    hint: expect.stringContaining('strata runs list'),
  });
  expect(await answer('runs', 'rm', id)).toEqual({ run: id, exitCode: 0 });
  expect(await failure('runs', 'rm', id)).toMatchObject({ exitCode: 4, code: 'run_not_found' });
  expect(await failure('workspaces', 'ls', id)).toMatchObject({ exitCode: 4 });
});

describeWith(['git'], 'what is cloned', () => {
  it('[R26] what is not there is told before there is a home, what is not committed by a warning; get shows the commit', async () => {
    const git = (...words: readonly string[]) =>
      execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', '-C', cwd, ...words], {
        encoding: 'utf8',
      });
    const words = start('{ name: a, steps: [clone, { run: "git rev-parse HEAD" }] }');
    expect(await failure(...words)).toMatchObject({ exitCode: 2, code: 'bad_input' });
    git('init', '--quiet');
    git('add', '.');
    git('commit', '--quiet', '-m', 'all');
    const commit = git('rev-parse', 'HEAD').trim();
    for (const [flag, value, code] of [
      ['--tag', 'v9', 'not_found'],
      ['--source', '.#nope', 'not_found'],
      ['--source', `file://${cwd}/nowhere`, 'unavailable'],
    ] as const)
      expect(await failure(...words, flag, value)).toMatchObject({ code });
    expect(existsSync(join(cwd, 'home'))).toBe(false);
    const { exitCode, stdout, stderr } = await strata(words);
    expect([exitCode, stderr]).toEqual([0, expect.not.stringContaining('warning')]);
    expect(stdout).toMatch(new RegExp(`^run .*\n1 task.*\nsource ${commit.slice(0, 12)} of ${cwd}\n`));
    const changed = await strata(start('{ name: a, steps: [{ run: "true" }, clone] }'));
    expect(changed.stderr).toMatch(/^warning: \d paths? ha.* changes in .* not committed/);
    expect(await answer('runs', 'get')).toMatchObject({ source: { location: cwd, ref: null, commit } });
    expect((await strata(['runs', 'logs'])).stdout).not.toContain('fatal');
  }, 30_000);
});
