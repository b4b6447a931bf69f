import { expect, it } from 'vitest';

import { refusal, tasksFile } from './plan.fixture.ts';

it.each([
  [
    tasksFile('{ name: t, depnds: [a] }'),
    '4:20: unknown key runs[0].tasks[0].depnds',
    'runs[0].tasks[0].depends',
  ],
  [
    tasksFile('{ name: t, steps: [{ rnu: make }] }'),
    '4:30: runs[0].tasks[0].steps[0] is of an unknown kind: rnu',
    'run',
  ],
  [
    tasksFile('{ name: t, steps: [clnoe] }'),
    '4:28: runs[0].tasks[0].steps[0] is of an unknown kind: clnoe',
    'clone',
  ],
  [
    tasksFile('{ name: t, steps: [{ save_to_workspace: { content: [], contents: [{}] } }] }'),
    '4:51: unknown key runs[0].tasks[0].steps[0].save_to_workspace.content',
    'runs[0].tasks[0].steps[0].save_to_workspace.contents',
  ],
  [tasksFile('name: t').replace('runs', 'tuns'), undefined, undefined],
  [tasksFile('{ name: t, __proto__: {} }'), '4:20: unknown key runs[0].tasks[0].__proto__', undefined],
])('[P4] %j: an unknown key', async (text, message, near) => {
  const error = await refusal(text);
  if (message === undefined) return expect(error.message).toContain('unknown key tuns');
  expect([error.code, error.message]).toEqual(['unknown_config_key', `run.yml:${message}`]);
  expect(error.hint).toBe(
    near === undefined ? 'Correct the file; nothing was changed.' : `Did you mean ${near}?`,
  );
});

it.each([
  ['', 'the file is empty'],
  ['runs:', 'runs has no value'],
  ['runs: []', 'has no runs in it'],
  ['[]', 'must be a section'],
  ['version: v1\nruns: [{ name: r, tasks: [{ name: t }] }]', 'version must be v0'],
  ['runs: [{ name: r }]', 'runs[0] has no tasks'],
  ['runs: [{ name: r, tasks: [] }]', 'runs[0].tasks has no tasks in it'],
  ['runs: [{ tasks: [{ name: t }] }]', 'runs[0] has no name'],
  [
    'runs: [{ name: r, tasks: [{ name: t }] }, { name: r, tasks: [{ name: t }] }]',
    'there are two runs named r',
  ],
  ['a: *b', 'an alias'],
])('[P4] %j: %s', async (text, message) => {
  const error = await refusal(text);
  expect(error.code).toBe('bad_input');
  expect(error.message).toMatch(/^run\.yml:\d+:\d+: /);
  expect(error.message).toContain(message);
});

it.each([
  ['name: [a]', 'must be text'],
  ['name: ""', 'is empty'],
  ['name: "a\\nb"', 'control character'],
  ['name: "a\\0b"', 'NUL'],
  ['name: "\\uD800"', 'half a character'],
  [`name: ${'x'.repeat(256)}`, 'longer than 255'],
  ['depends: [x]', 'names the task x, which is not in this run'],
  ['depends: x', 'must be a list of dependencies'],
  ['depends: [other, other]', 'names other a second time'],
  ['depends: [other, {other: [on_failure]}]', 'names other a second time'],
  ['depends: [t]', 'waits for itself'],
  ['depends: [other: [on_faliure]]', 'must be one of on_success, on_failure, on_skipped'],
  ['depends: [other: on_failure]', 'must be a list: other: [on_failure]'],
  ['task_timeout_interval: 30', 'must be a length of time'],
  ['task_timeout_interval: 1y', 'must be a length of time'],
  ['when: {}', 'names none of branch, tag and ref'],
  ['when: { branch: "/(a/" }', 'is no regular expression: a ( is not closed'],
  ['when: { branch: [] }', 'has no patterns in it'],
  ['when: { branch: { includ: a } }', 'unknown key runs[0].tasks[0].when.branch.includ'],
  ['environment: { A: }', 'must be text ("" for an empty one) or { from_variable: NAME }'],
  ['environment: { A: [] }', 'must be text'],
  ['environment: { A: { from_varaible: x } }', 'unknown key'],
  ['environment: { "A=B": x }', 'has a name that no variable can have'],
  ['environment: [A]', 'must be a section'],
  ['runtime: { type: vm }', 'must be one of host, pod'],
  ['runtime: { type: pod }', 'is a pod and has no containers'],
  ['runtime: { type: host, containers: [{ image: i }] }', 'is a host and has containers'],
  ['runtime: { containers: [] }', 'has no containers in it'],
  ['runtime: { containers: [{}] }', 'has no image'],
  ['runtime: { arch: x86_64 }', 'must be one of 386, amd64'],
  ['runtime: { containers: [{ image: i, volumes: [{ path: a, tmpfs: {} }] }] }', 'must be an absolute path'],
  ['runtime: { containers: [{ image: i, volumes: [{ path: /a }] }] }', 'has no tmpfs'],
  [
    'runtime: { containers: [{ image: i, volumes: [{ path: /a, tmpfs: { size: 1Q } }] }] }',
    'must be a number of bytes',
  ],
  ['steps: [[run]]', 'must be a step'],
  ['steps: [{}]', 'is empty'],
  ['steps: [{ run: make, name: x }]', 'has run and name side by side'],
  ['steps: [run:]', 'has no command'],
  ['steps: [save_to_workspace]', 'has no contents'],
  ['steps: [{ save_to_workspace: { contents: [] } }]', 'has no contents in it'],
  ['steps: [{ save_to_workspace: { contents: [{ dest_dir: a/../../b }] } }]', 'leads out by ..'],
  ['steps: [{ save_to_workspace: { contents: [{ paths: ["[a"] }] } }]', 'has a [ that is not closed'],
  ['steps: [{ save_to_workspace: { contents: [{ paths: [] }] } }]', 'has no globs in it'],
  ['steps: [{ save_to_workspace: { contents: [{}], on: always } }]', 'must be one of success, failure'],
  ['steps: [{ restore_workspace: { dest_dir: .. } }]', 'leads out by ..'],
  [
    'steps: [{ restore_workspace: { on_conflict: fall } }]',
    'must be one of fail, fail-any, override, separate or {',
  ],
  [
    'steps: [{ restore_workspace: { on_conflict: { prefer: [other] } } }]',
    'does not wait for: add it to depends',
  ],
  ['steps: [{ restore_workspace: { tasks: [otter] } }]', 'names the task otter, which is not in this run'],
  ['steps: [{ clone: { depth: 0 } }]', 'must be a whole number from 1'],
  ['approval: 1', 'must be true or false'],
])('[P4] the task { %s }: %s', async (text, message) => {
  const named = text.startsWith('name') ? text : `name: t, ${text}`;
  const error = await refusal(tasksFile(`{ ${named} }`, 'name: other'));
  expect(error.message).toMatch(/^run\.yml:4:\d+: /);
  expect(error.message).toContain(message);
  expect(error.message.split('\n')).toHaveLength(1);
});

it.each([
  ['docker_registries_auth: { r: { username: u, password: p } }', 'a run file holds no credentials'],
  ['steps: [{ run: { command: x, tty: true } }]', 'commands run without a terminal'],
  ['user: root', 'names a user, which only containers have'],
  ['steps: [{ run: { command: x, user: root } }]', 'names a user'],
])('[P6] %s: %s', async (text, message) => {
  const error = await refusal(tasksFile(`{ name: t, ${text} }`));
  expect(error.message).toContain(message);
  expect(error.message).not.toContain('password');
});

it('[P6] credentials of a run and of the whole file', async () => {
  const text =
    'docker_registries_auth: {}\nruns: [{ name: r, tasks: [name: t], docker_registries_auth: {} }]';
  expect((await refusal(text)).message.split('\n')).toHaveLength(2);
});

it('[P5] all at once, in the order of the file, with near names', async () => {
  const error = await refusal(
    tasksFile(
      '{ name: build, timeot: 1 }',
      '{ name: test, depends: [biuld], task_timeout_interval: x }',
      '{ name: a, depends: [b] }',
      '{ name: b, depends: [c: [on_failure]] }',
      '{ name: c, depends: [a] }',
      'name: a',
    ),
  );
  expect(error.code).toBe('bad_input');
  expect(error.message.split('\n')).toEqual([
    'run.yml:4:24: unknown key runs[0].tasks[0].timeot',
    'run.yml:5:33: runs[0].tasks[1].depends[0] names the task biuld, which is not in this run (did you mean build?)',
    'run.yml:5:64: runs[0].tasks[1].task_timeout_interval must be a length of time such as 90s, 30m or 1h30m',
    'run.yml:6:30: runs[0]: tasks wait for each other in a circle: a → b → c → a',
    'run.yml:9:9: there are two tasks named a',
  ]);
  expect(error.hint).toBe('Correct the file; nothing was changed.');
  expect(error.details).toMatchObject({ file: 'run.yml', problems: { length: 5 } });
});
