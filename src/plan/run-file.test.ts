import { describe, expect, it } from 'vitest';

import type { SaveContent } from './definition.ts';
import { graphOf } from './graph.ts';
import { GO_PROJECT, readOne, refusal, step, task, tasksFile } from './plan.fixture.ts';
import { readRunFile } from './run-file.ts';
import { matches } from './when.ts';

describe('what a file says', () => {
  it('[P1] a project in Go', async () => {
    const run = await readOne(GO_PROJECT);
    const graph = graphOf(run);
    const called = (numbers: readonly number[]) => numbers.map((number) => run.tasks[number]!.name);
    expect(called(graph.order)).toEqual([
      'build go 1.22 amd64',
      'build go 1.22 arm64',
      'lint',
      'test amd64',
      'test arm64',
      'deploy',
      'report',
    ]);
    const deploy = graph.numberOf('deploy')!;
    expect(called(graph.ancestors(deploy))).toEqual(called(graph.order).slice(0, 5));
    expect(called(graph.descendants([graph.numberOf('test arm64')!]))).toEqual(['deploy', 'report']);

    const [lint, build, , , , report] = run.tasks;
    expect(lint).toMatchObject({
      ignoreFailure: true,
      shell: '/bin/sh -e',
      workingDir: '~/project',
      depends: [],
    });
    expect(build).toMatchObject({
      timeout: 5_400_000,
      environment: { GO: '1.20', CGO_ENABLED: '0', VERBOSE: 'true' },
      runtime: {
        type: 'pod',
        arch: 'amd64',
        containers: [
          {
            image: 'golang:1.22',
            privileged: false,
            environment: { GOFLAGS: '-mod=readonly' },
            volumes: [{ path: '/scratch', tmpfs: { bytes: 2 ** 29 } }],
          },
          { image: 'postgres:16', environment: { POSTGRES_PASSWORD: { fromVariable: 'pg_password' } } },
        ],
      },
    });
    expect(build!.steps.map(({ kind, name }) => [kind, name])).toEqual([
      ['clone', 'clone'],
      ['restore_cache', 'restore cache'],
      ['run', 'build'],
      ['save_cache', 'save cache'],
      ['save_to_workspace', 'save to workspace'],
    ]);
    expect(build!.steps[4]).toMatchObject({
      on: 'success',
      ifNoFiles: 'warn',
      deletions: false,
      contents: [{ sourceDir: 'bin', destDir: 'amd64', paths: ['*', '!debug', '.config/**'] }],
    });
    expect(report!.depends).toEqual([
      { task: 'test amd64', conditions: ['on_success', 'on_failure'] },
      { task: 'test arm64', conditions: ['on_failure'] },
    ]);
    expect(run.tasks[deploy]).toMatchObject({
      approval: true,
      runtime: { type: 'host', labels: ['docker'] },
    });
    expect(run.tasks[deploy]!.steps[0]).toMatchObject({
      destDir: '',
      onConflict: { kind: 'prefer', tasks: ['build go 1.22 arm64'] },
      tasks: ['build go 1.22 amd64', 'build go 1.22 arm64'],
    });
    expect(matches(run.tasks[deploy]!.when, { tag: 'v1.2' })).toBe(true);
    expect(matches(run.tasks[deploy]!.when, { branch: 'v1.2' })).toBe(false);
    expect(matches(run.when, { branch: 'wip-x' })).toBe(false);
  });

  it('[P1] the least that a task can be', async () => {
    expect(await task('name: t')).toEqual({
      name: 't',
      runtime: { type: 'host', arch: undefined, labels: [] },
      environment: {},
      workingDir: '~/project',
      shell: '/bin/sh -e',
      user: undefined,
      steps: [],
      depends: [],
      ignoreFailure: false,
      approval: false,
      when: undefined,
      timeout: undefined,
    });
  });

  it('[P2] JSON says the same as YAML', async () => {
    const json = JSON.stringify({
      runs: [
        {
          name: 'r',
          tasks: [
            { name: 'a', steps: [{ run: 'make' }] },
            { name: 'b', depends: [{ a: ['on_skipped'] }] },
          ],
        },
      ],
    });
    const yaml = tasksFile(
      'name: a\n        steps: [run: make]',
      'name: b\n        depends:\n          - a: [on_skipped]',
    );
    expect(await readRunFile(json, 'a.json')).toEqual(await readRunFile(yaml, 'a.yml'));
  });

  it.each([
    [
      'clone',
      'clone:',
      '{ clone: {} }',
      '{ type: clone }',
      '{ clone: { depth: , recurse_submodules: false } }',
    ],
    ['run: make', '{ run: { command: make } }', '{ type: run, command: make, tty: false }'],
    ['run: "7"', 'run: 7', '{ type: run, command: 7 }'],
    [
      'restore_workspace',
      'restore_workspace:',
      '{ restore_workspace: { dest_dir: ., on_conflict: fail } }',
      '{ type: restore_workspace, dest_dir: ./ }',
    ],
    [
      'save_to_workspace: { contents: [{}] }',
      '{ type: save_to_workspace, on: success, if_no_files: warn, contents: [{ source_dir: ., dest_dir: /, paths: ["**"] }] }',
    ],
    [
      '{ save_cache: { key: k, contents: [{ source_dir: /go }] } }',
      '{ type: save_cache, key: k, contents: [{ source_dir: /go/ }] }',
    ],
    ['{ restore_cache: { keys: [a, b] } }', '{ type: restore_cache, keys: [a, b], dest_dir: . }'],
  ])('[P2] the step %s in its other forms', async (first, ...others) => {
    const expected = await step(first);
    for (const other of others) expect(await step(other)).toEqual(expected);
  });

  it.each([
    ['a', ['on_success']],
    ['a: ', ['on_success']],
    ['a: []', ['on_success']],
    ['a: [on_failure, on_failure]', ['on_failure']],
    ['{ task: a }', ['on_success']],
    ['{ task: a, conditions: [on_skipped, on_success] }', ['on_skipped', 'on_success']],
  ])('[P2] the dependency %s', async (text, conditions) => {
    const run = await readOne(tasksFile('name: a', `{ name: b, depends: [${text}] }`));
    expect(run.tasks[1]!.depends).toEqual([{ task: 'a', conditions }]);
  });

  it('[P2] a task that is named as a key is', async () => {
    const run = await readOne(tasksFile('name: task', '{ name: b, depends: [task: [on_failure]] }'));
    expect(run.tasks[1]!.depends).toEqual([{ task: 'task', conditions: ['on_failure'] }]);
  });

  it.each([
    ['main', { include: ['main'], exclude: [] }],
    ['[a, /b/]', { include: ['a', '/b/'], exclude: [] }],
    ['{ include: a, exclude: [b, "#c#"] }', { include: ['a'], exclude: ['b', '#c#'] }],
    ['1.10', { include: ['1.10'], exclude: [] }],
  ])('[P2] the condition %s', async (text, branch) => {
    expect((await task(`{ name: t, when: { branch: ${text} } }`)).when).toEqual({
      branch,
      tag: undefined,
      ref: undefined,
    });
    expect((await step(`{ run: { command: x, when: { branch: ${text} } } }`)).when?.branch).toEqual(branch);
  });

  it.each(['../x', '__proto__', 'constructor', '#hash', 'a/b', ' ', '测试', '💥'.repeat(127), '-', 'task'])(
    '[P3] a task may be named %j',
    async (name) => {
      const run = await readOne(
        tasksFile(`name: ${JSON.stringify(name)}`, `{ name: b, depends: [${JSON.stringify(name)}] }`),
      );
      expect(graphOf(run).parents).toEqual([[], [0]]);
      expect(run.tasks[0]!.name).toBe(name);
    },
  );

  it('[P3] an environment may have any name that a variable can have', async () => {
    const { environment } = await task(
      '{ name: t, environment: { __proto__: 1.20, a.b: "", constructor: yes } }',
    );
    expect(Object.entries(environment)).toEqual([
      ['__proto__', '1.20'],
      ['a.b', ''],
      ['constructor', 'yes'],
    ]);
    expect(Object.getPrototypeOf(environment)).toBe(Object.prototype);
  });

  it.each([
    ['make', 'make'],
    ['"\\n  make all\\n"', 'make all'],
    ['"a\\nb"', 'a …'],
    [`"${'x'.repeat(101)}"`, `${'x'.repeat(80)} …`],
  ])('[P1] the command %s names its step', async (command, name) => {
    expect((await step(`run: ${command}`)).name).toBe(name);
  });

  it.each([
    ['./a//b/.', 'a/b', 'a/b'],
    ['.', '', ''],
    ['/a', '/a', 'a'],
    ['~/x', '~/x', '~/x'],
    ['...', '...', '...'],
  ])('[P1] the directory %s', async (given, sourceDir, destDir) => {
    const read = (await step(
      `{ save_cache: { key: k, contents: [{ source_dir: "${given}", dest_dir: "${given}" }] } }`,
    )) as unknown as { contents: SaveContent[] };
    expect(read.contents[0]).toMatchObject({ sourceDir, destDir });
  });
});

describe('what is wrong with it', () => {
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
    [
      'runtime: { containers: [{ image: i, volumes: [{ path: a, tmpfs: {} }] }] }',
      'must be an absolute path',
    ],
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
      'run.yml:5:33: runs[0].tasks[1].depends[0] names the task biuld, which is not in this run',
      'run.yml:5:64: runs[0].tasks[1].task_timeout_interval must be a length of time such as 90s, 30m or 1h30m',
      'run.yml:6:30: runs[0]: tasks wait for each other in a circle: a → b → c → a',
      'run.yml:9:9: there are two tasks named a',
    ]);
    expect(error.hint).toBe('Did you mean build?');
    expect(error.details).toMatchObject({ file: 'run.yml', problems: { length: 5 } });
  });
});
