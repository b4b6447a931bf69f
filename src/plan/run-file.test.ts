import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

import type { SaveContent } from './definition.ts';
import { graphOf } from './graph.ts';
import { GO_PROJECT, readOne, step, task, tasksFile } from './plan.fixture.ts';
import { readRunFile } from './run-file.ts';
import { matches } from './when.ts';

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

it('[P1] the example of the guide', async () => {
  const guide = readFileSync('docs/guide/runs.md', 'utf8');
  const [file, when] = [...guide.matchAll(/^```yaml\n([^]*?)^```$/gm)].map((match) => match[1]!);
  expect((await readOne(file!)).tasks.map(({ name }) => name)).toEqual(['build', 'deploy']);
  const run = await readOne(tasksFile(`name: t\n${when!.replace(/^/gm, '        ')}`));
  expect(matches(run.tasks[0]!.when, { branch: 'x', ref: 'refs/heads/old' })).toBe(false);
  expect(matches(run.tasks[0]!.when, { tag: 'v1.2' })).toBe(true);
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
