/** `runs list` and `get`: what a person is told of tasks that did not run, and of limits. */

import { expect, it } from 'vitest';

import { BAD, GOOD, answer, failure, start, strata, task } from './runs.fixture.ts';

it('[C45] a list of nothing is no list: 1 is the least', async () => {
  await strata(start(GOOD));
  expect(await failure('runs', 'list', '--limit', '0')).toMatchObject({
    exitCode: 2,
    code: 'bad_input',
    message: expect.stringMatching(/--limit.*The least is 1/),
  });
});

it('[C45] a task that was skipped says why, and JSON stays as it was', async () => {
  const words = start(
    GOOD,
    BAD,
    '{ name: deploy, depends: [build, test] }',
    '{ name: after, depends: [deploy] }',
    '{ name: mend, depends: [{ task: build, conditions: [on_failure] }] }',
    '{ name: release, when: { tag: v1 } }',
  );
  const { stdout, stderr } = await strata([...words, '--branch', 'main']);
  for (const line of [
    /\n {2}- deploy +test failed\n/,
    /\n {2}- after +deploy was skipped\n/,
    /\n {2}- mend +build succeeded\n/,
    /\n {2}- release +left out by its `when`\n/,
  ])
    expect(stdout).toMatch(line);
  expect(stderr).toMatch(/^run ci run-\w+ started\n/);
  expect((await strata(['runs', 'get'])).stdout).toBe(stdout);
  const { tasks } = await answer<{ tasks: object[] }>('runs', 'get');
  const keys = tasks.map((each) => Object.keys(each));
  expect(keys.every((each) => each.join() === keys[0]!.join())).toBe(true);
  expect(keys[0]).not.toContain('skipped');
});

it('[C44] who has no terminal is told how to approve while the run waits', async () => {
  const stop = new AbortController();
  const running = strata(start(task('"it\'s up"', 'true', ', approval: true')), stop.signal);
  const waits = async (): Promise<void> => {
    const { stdout } = await strata(['runs', 'get']);
    if (!stdout.includes('strata runs approve')) return waits();
  };
  await waits();
  // The line comes some time after the change.
  await new Promise((resolve) => setTimeout(resolve, 300));
  stop.abort();
  expect((await running).stderr).toMatch(
    /^run ci (run-\w+) started\nit's up: waiting for approval: strata runs approve \1 'it'\\''s up'\n/,
  );
});
