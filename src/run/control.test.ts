/** What a run looks like from outside while it goes on, and what others can do about it. */

import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { approveTask, cancelRun } from './control.ts';
import { executor, openRunHome, runOf, statuses, taskOf } from './run.fixture.ts';
import type { RunHome } from './run.fixture.ts';
import { showRun } from './view.ts';

const task = (name: string, command: string, more = '') =>
  `{ name: ${name}, steps: [{ run: ${JSON.stringify(command)} }]${more} }`;

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const began = Date.now(); !(await holds());) {
    if (Date.now() - began > 10_000) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const see = (home: RunHome, id: string) => showRun(home.world, id);

it('[R15] a task waits for approval once its parents are done; others may say yes, in another process too', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(
    runOf(
      task('a', 'sleep 0.3'),
      task('b', 'true', ', depends: [a], approval: true'),
      task('c', 'true', ', depends: [b]'),
    ),
  );
  const running = conductor.run();
  await expectCode('refused', approveTask(home.world, conductor.id, 'b'));
  await expectCode('task_not_found', approveTask(home.world, conductor.id, 'bb'));
  await until(async () => taskOf(await see(home, conductor.id), 'b').waitingApproval);
  expect(statuses(await see(home, conductor.id))).toEqual({ a: 'success', b: 'notstarted', c: 'notstarted' });
  await approveTask(home.world, conductor.id, 'b');
  await running;
  expect(await see(home, conductor.id)).toMatchObject({ phase: 'finished', result: 'success' });
  await expectCode('refused', approveTask(home.world, conductor.id, 'b'));
  await expectCode('run_not_found', approveTask(home.world, 'run-000000000000', 'b'));
});

it('[R15] a run that is cancelled stops what runs, with all its processes, and starts nothing more', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(
    runOf(task('a', 'touch ../began; sleep 60 & sleep 60'), task('b', 'true', ', depends: [a]')),
  );
  const running = conductor.run();
  await until(async () => taskOf(await see(home, conductor.id), 'a').status === 'running');
  await cancelRun(home.world, conductor.id);
  await running;
  const run = await see(home, conductor.id);
  expect(run).toMatchObject({ phase: 'finished', result: 'stopped' });
  expect(statuses(run)).toEqual({ a: 'stopped', b: 'cancelled' });
  expect(home.leftovers()).toEqual([]);
  await expectCode('refused', cancelRun(home.world, conductor.id));
});

it('[R15] an aborted signal is a cancellation, also before anything began', async () => {
  const home = await openRunHome();
  const run = await home.start(runOf(task('a', 'true')), { signal: AbortSignal.abort() });
  expect(statuses(run)).not.toMatchObject({ a: 'success' });
  expect(run.result).not.toBe('success');
});

it('[R16] a task that takes too long is killed, though it ignores signals', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(task('a', 'trap "" TERM; sleep 60 & sleep 60', ', task_timeout_interval: 1s'), task('b', 'true')),
  );
  expect(taskOf(run, 'a')).toMatchObject({
    status: 'failed',
    error: { code: 'timed_out', details: { milliseconds: 1000 } },
  });
  expect(taskOf(run, 'b').status).toBe('success');
  expect(home.leftovers()).toEqual([]);
}, 20_000);

it.each(['30d', '365d'])('[R16] a limit of %s is one, and not nothing', async (limit) => {
  const home = await openRunHome();
  const run = await home.start(runOf(task('a', 'sleep 0.1', `, task_timeout_interval: ${limit}`)));
  expect(taskOf(run, 'a')).toMatchObject({ status: 'success', error: undefined });
});

it('[R17] steps and tasks whose conditions are not met are left out', async () => {
  const home = await openRunHome();
  const file = runOf(
    '{ name: a, steps: [{ run: { command: echo main, when: { branch: main } } }, { run: { command: echo tag, when: { tag: "/^v/" } } }, { run: echo all }] }',
    task('b', 'true', ', when: { branch: main }'),
    task('c', 'true', ', depends: [b]'),
  );
  const source = (branch: string | undefined, tag?: string) => ({
    location: '/x',
    ref: undefined,
    branch,
    tag,
  });
  const main = await home.start(file, { source: source('main') });
  expect(await home.log(main.id, 'a')).toBe('main\nall\n');
  expect(statuses(main)).toEqual({ a: 'success', b: 'success', c: 'success' });
  const tag = await home.start(file, { source: source(undefined, 'v1') });
  expect(await home.log(tag.id, 'a')).toBe('tag\nall\n');
  expect(statuses(tag)).toEqual({ a: 'success', b: 'skipped', c: 'skipped' });
  expect(tag.result).toBe('success');
});

it('[R17] a run whose condition is not met is refused', async () => {
  const home = await openRunHome();
  const file = `runs: [{ name: r, when: { branch: main }, tasks: [${task('a', 'true')}] }]`;
  await expectCode('refused', home.start(file));
  const source = { location: '/x', ref: undefined, branch: 'main', tag: undefined };
  expect((await home.start(file, { source })).result).toBe('success');
});

it('[R18] the environment is that of step, task and run; a run that lacks a variable does not start', async () => {
  const home = await openRunHome();
  const print = 'echo "$A $B $CI $STRATA_TASK_NAME $STRATA_ARCH $__proto__"';
  const file = runOf(
    `{ name: t, environment: { A: task, B: { from_variable: b }, __proto__: p }, steps: [{ run: ${JSON.stringify(print)} },
        { run: { command: ${JSON.stringify(print)}, environment: { A: step, CI: "" } } }] }`,
  );
  const run = await home.start(file, { variables: { b: 'variable', unused: 'x' } });
  expect(await home.log(run.id)).toBe('task variable true t amd64 p\nstep variable  t amd64 p\n');
  await expect(home.start(file)).rejects.toMatchObject({
    code: 'bad_input',
    hint: expect.stringContaining('--var b='),
    details: { missing: ['b'] },
  });
  expect(home.leftovers()).toEqual([]);
});

it('[R13] a task has a directory of its own, and nothing is left of it', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(task('a', 'touch ~/mine mine; pwd'), task('b', 'ls -A . ~', ', depends: [a]')),
  );
  expect(await home.log(run.id, 'b')).not.toContain('mine');
  expect(home.leftovers()).toEqual([]);
});

it('[R14] a task that no executor fits is an error of the plan, with all of them, and there is no run', async () => {
  const home = await openRunHome({ executors: [executor('host', { labels: ['gpu'] })] });
  const file = runOf(
    '{ name: a, runtime: { arch: arm64 } }',
    '{ name: b, runtime: { type: host, labels: [gpv] } }',
    '{ name: c, runtime: { containers: [{ image: x }] } }',
    '{ name: d }',
  );
  const error = await home.start(file).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'bad_input',
    message: expect.stringMatching(/a: .*arm64[^]*b: .*gpv.*did you mean gpu[^]*c: .*podman/),
  });
  expect((await home.world.database.kysely.selectFrom('runs').selectAll().execute()).length).toBe(0);
});

it('[R14] an executor runs no more tasks at a time than it has slots', async () => {
  const home = await openRunHome({ executors: [executor('host', { slots: 1 })] });
  const once = (name: string) =>
    task(name, `mkdir ${home.at('lock')} && sleep 0.1 && rmdir ${home.at('lock')}`);
  expect((await home.start(runOf(once('a'), once('b'), once('c')))).result).toBe('success');
});

it('[R19] how a command ended is told: its code, or the signal; a failure may be ignored', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(task('a', 'exit 3', ', ignore_failure: true'), task('b', 'kill -9 $$', ', ignore_failure: true')),
  );
  expect(run.result).toBe('success');
  expect(taskOf(run, 'a').error).toMatchObject({
    code: 'command_failed',
    details: { step: 'exit 3', exitCode: 3 },
  });
  expect(taskOf(run, 'b').error).toMatchObject({ details: { exitCode: 137, signal: 'SIGKILL' } });
});
