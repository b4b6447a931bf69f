/** `runs logs`, for people and for programs. */

import { expect, it } from 'vitest';

import { BAD, GOOD, answer, start, strata } from './runs.fixture.ts';

it('[C45] each step begins on a line of its own, however the one before it ended; bytes stay as they are', async () => {
  const steps = '[{ run: "printf one" }, { run: "true" }, { run: "printf two" }, { run: "echo three" }]';
  await strata(start(`{ name: a, steps: ${steps} }`, '{ name: b, steps: [{ run: echo four }] }'));
  const { stdout } = await strata(['runs', 'logs']);
  expect(stdout).toBe(
    '== a: printf one\none\n== a: printf two\ntwo\n== a: echo three\nthree\n== b: echo four\nfour\n',
  );
  expect((await strata(['runs', 'logs', '--quiet'])).stdout).toBe('onetwothree\nfour\n');
  const { parts } = await answer<{ parts: { text: string }[] }>('runs', 'logs');
  expect(parts.map(({ text }) => text)).toEqual(['one', 'two', 'three\n', 'four\n']);
});

it('[C45] of a task that was reused it is told where its log is', async () => {
  const { id } = await answer<{ id: string }>(...start(GOOD, BAD));
  const again = await answer<{ id: string }>('runs', 'restart', id);
  expect(await strata(['runs', 'logs', again.id, 'build'])).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: `build is reused: \`strata runs logs ${id} build\` shows what it printed\n`,
  });
  expect((await strata(['runs', 'logs', again.id, 'test'])).stderr).toBe('');
  expect((await strata(['runs', 'logs', again.id, 'build', '--quiet'])).stderr).toBe('');
  expect(await answer('runs', 'logs', again.id, 'build')).toEqual({ parts: [], exitCode: 0 });
});
