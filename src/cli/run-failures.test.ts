/** How a run that failed is told. */

import { expect, it } from 'vitest';

import { failureLines } from './run-failures.ts';
import { BAD, GOOD, answer, start, strata, task } from './runs.fixture.ts';

it('[C45] a failed run ends with 1 and says what to do; --quiet leaves its id', async () => {
  const { exitCode, stdout } = await strata(start(GOOD, BAD));
  expect(exitCode).toBe(1);
  const [, id] = /strata runs logs (run-\w+)/.exec(stdout)!;
  expect(stdout).toContain(`strata runs restart ${id}`);
  expect(stdout).toMatch(/test: step "exit 3" ended with exit code 3/);
  expect((await answer<{ result: string }>('runs', 'get', id!)).result).toBe('failed');
  const quiet = await strata([...start(GOOD, BAD), '--quiet']);
  expect(quiet).toMatchObject({ exitCode: 1, stdout: expect.stringMatching(/^run-\w+\n$/), stderr: '' });
});

it('[C45] what the failing step printed last stands above the line that shows all of it, harmless', async () => {
  const loud = `seq 20; printf 'gone\\r\\033[31mred\\033[0m\\tand \\033]0;title\\007 100%% \\033c\\302\\205\\r\\n\\n'; exit 3`;
  const { exitCode, stdout, stderr } = await strata(start(task('loud', loud), task('still', 'exit 4')));
  expect(exitCode).toBe(1);
  for (const control of ['\x1b', '\r', '\x07', '\u0085']) expect(stdout + stderr).not.toContain(control);
  const [, told] = /\nloud: step .*? exit code 3\n([^]*?)\n\n/.exec(stdout)!;
  expect(told!.split('\n')).toEqual(['  | …', ...lines(12, 20), '  | red  and  100% \\x1bc\\xc2\\x85']);
  // Either may be the first to fail.
  expect(stdout).toMatch(/\nstill: step "exit 4" ended with exit code 4\n {2}It has printed nothing\.\n\n/);
  const [, id] = /strata runs logs (run-\w+)/.exec(stdout)!;
  expect((await strata(['runs', 'get', id!])).stdout).toContain(`  | 20\n`);
  for (const flag of ['--json', '--quiet']) {
    const brief = await strata([...start(task('loud', loud)), flag]);
    expect(brief).toMatchObject({ exitCode: 1 });
    expect(brief.stdout).not.toMatch(/\| /);
  }
});

const lines = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => `  | ${from + at}`);

it('[C45] a step that printed megabytes on one line, bytes that are no text, and one that took too long are told briefly', async () => {
  const { stdout } = await strata(
    start(
      task('long', 'head -c 3000000 /dev/zero | tr "\\\\0" x; exit 1'),
      task(
        'noise',
        'printf "\\\\377\\\\376\\\\0\\\\1end"; exit 1',
        ', depends: [{ task: long, conditions: [on_failure] }]',
      ),
      task(
        'late',
        'echo waiting; sleep 30',
        ', task_timeout_interval: 1s, depends: [{ task: noise, conditions: [on_failure] }]',
      ),
    ),
  );
  expect(stdout.length).toBeLessThan(3000);
  expect(stdout).toMatch(/\n {2}\| …\n {2}\| x{399}…\n/);
  expect(stdout).toContain('\n  | \ufffd\ufffd\\x00\\x01end\n');
  expect(stdout).toMatch(/\nlate: it took longer than 1 s\n {2}Give it more time.*\n {2}\| waiting\n\n/);
}, 20_000);

it('[C45] of hundreds that failed three are told at length, the first to fail first, and the others counted', () => {
  const failed = (n: number) => ({
    name: `t${n}`,
    ended: 1000 - n,
    error: { code: 'command_failed' as const, message: `broken ${n}`, hint: 'Look.', details: {} },
  });
  const tasks = Array.from({ length: 300 }, (_, n) => failed(n)) as never;
  const told = failureLines({ tasks, restartedFrom: undefined }, [
    { task: 't299', bytes: Buffer.from('a\n'), isWhole: true },
  ]);
  expect(told.join('\n')).toBe(`
t299: broken 299
  | a

t298: broken 298
  Look.

t297: broken 297
  Look.

and 297 other tasks failed`);
});

it('[C45] what earlier steps printed is told of a task whose last step printed nothing', async () => {
  const { stdout } = await strata(
    start('{ name: steps, steps: [{ run: "echo step one prints" }, { run: "exit 5" }] }'),
  );
  expect(stdout).toMatch(/\nsteps: step "exit 5" ended with exit code 5\n {2}\| step one prints\n\n/);
});

it('[C45] a failure that is ignored is told so, behind those that count, and nobody is to restart for it', async () => {
  const flaky = task('flaky', 'echo oops; exit 1', ', ignore_failure: true');
  const { exitCode, stdout } = await strata(start(flaky));
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/✗ flaky .*exit code 1 \(ignored\)\n/);
  expect(stdout).toMatch(/\nflaky \(ignored\): step .*\n {2}\| oops\n\n {2}strata runs logs run-\w+ .*\n/);
  expect(stdout).not.toContain('strata runs restart');
  const bad = task('bad', 'echo no; exit 3', ', depends: [{ task: flaky, conditions: [on_failure] }]');
  const both = await strata(start(flaky, bad));
  expect(both.exitCode).toBe(1);
  expect(both.stdout).toMatch(/\nbad: [^]*\n {2}\| no\n\nflaky \(ignored\): [^]*strata runs restart/);
});

it('[C45] a failed task that was taken over says why it failed, and where its log is', async () => {
  const tasks = [task('bad', 'echo no; exit 3'), task('worse', 'exit 4')];
  await strata(start(...tasks));
  const first = await answer<{ id: string }>('runs', 'get');
  const again = await answer<{ id: string; tasks: { error: object | null }[] }>(
    'runs',
    'restart',
    first.id,
    '--tasks',
    'worse',
  );
  expect(again.tasks[0]).toMatchObject({ reused: true, status: 'failed', error: { code: 'command_failed' } });
  const { stdout } = await strata(['runs', 'get', again.id]);
  expect(stdout).toContain(`\n  It is reused: \`strata runs logs ${first.id} bad\` shows what it printed.\n`);
  // A restart of the restart finds it as well.
  const third = await answer<typeof again>('runs', 'restart', again.id, '--tasks', 'worse');
  expect(third.tasks[0]!.error).toEqual(again.tasks[0]!.error);
});
