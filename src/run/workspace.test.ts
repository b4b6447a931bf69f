/** What tasks hand each other: the two examples of the page, and the shapes of graphs. */

import { expect, it } from 'vitest';

import { executor, openRunHome, reader, runOf, saver, statuses, taskOf } from './run.fixture.ts';

const TWO_MACHINES = [executor('here', { arch: 'amd64' }), executor('there', { arch: 'arm64' })];

const ISOLATED = `
runs:
  - name: Multiple isolated tasks
    tasks:
      - name: Build x86_64
        runtime: { arch: amd64 }
        steps:
          - run: mkdir out && echo "binary for $STRATA_ARCH" > out/binary
          - save_to_workspace: { contents: [{ source_dir: out, dest_dir: /out }] }
      - name: Build arm64
        runtime: { arch: arm64 }
        steps:
          - run: mkdir out && echo "binary for $STRATA_ARCH" > out/binary
          - save_to_workspace: { contents: [{ source_dir: out, dest_dir: /out }] }
      - name: Test x86_64
        runtime: { arch: amd64 }
        depends: [Build x86_64]
        steps:
          - restore_workspace: { dest_dir: . }
          - run: find . -type f && cat out/binary
      - name: Test arm64
        runtime: { arch: arm64 }
        depends: [Build arm64]
        steps:
          - restore_workspace: { dest_dir: . }
          - run: find . -type f && cat out/binary
`;

it('[R2] [R14] multiple isolated tasks: each test has what its own build has saved', async () => {
  const home = await openRunHome({ executors: TWO_MACHINES });
  const run = await home.start(ISOLATED);
  expect(run).toMatchObject({ phase: 'finished', result: 'success' });
  for (const [test, arch, on] of [
    ['Test x86_64', 'amd64', 'here'],
    ['Test arm64', 'arm64', 'there'],
  ] as const) {
    expect(await home.log(run.id, test)).toContain(`./out/binary\nbinary for ${arch}\n`);
    expect(taskOf(run, test)).toMatchObject({ executor: on, level: 1 });
    expect(await home.files(`${run.id}#${test}`)).toEqual({ 'out/binary': `binary for ${arch}\n` });
  }
});

const dependant = (dest: (arch: string) => string) => `
runs:
  - name: Multiple dependant tasks
    tasks:
      - name: Build x86_64
        runtime: { arch: amd64 }
        steps:
          - run: echo "binary for $STRATA_ARCH" > binary
          - save_to_workspace: { contents: [{ dest_dir: ${dest('x86_64')} }] }
      - name: Build arm64
        runtime: { arch: arm64 }
        steps:
          - run: echo "binary for $STRATA_ARCH" > binary
          - save_to_workspace: { contents: [{ dest_dir: ${dest('arm64')} }] }
      - name: Test 1
        depends: [Build x86_64, Build arm64]
        steps: [restore_workspace, { run: cat x86_64/binary arm64/binary }]
      - name: Test 2
        depends: [Build x86_64, Build arm64]
        steps: [restore_workspace, { run: find . -type f | sort }]
`;

it('[R2] [R14] multiple dependant tasks: each test has what both builds have saved', async () => {
  const home = await openRunHome({ executors: TWO_MACHINES });
  const run = await home.start(dependant((arch) => `/${arch}`));
  expect(run.result).toBe('success');
  expect(await home.log(run.id, 'Test 1')).toContain('binary for amd64\nbinary for arm64\n');
  expect(await home.log(run.id, 'Test 2')).toContain('./arm64/binary\n./x86_64/binary\n');
});

it('[R4] if the builds save under the same path, the tests fail with both of them named, and nothing is written', async () => {
  const home = await openRunHome({ executors: TWO_MACHINES });
  const run = await home.start(dependant(() => '/out'));
  expect(statuses(run)).toEqual({
    'Build x86_64': 'success',
    'Build arm64': 'success',
    'Test 1': 'failed',
    'Test 2': 'failed',
  });
  const digest: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
  const step = 'save to workspace';
  for (const name of ['Test 1', 'Test 2']) {
    const { error, restoredBytes } = taskOf(run, name);
    expect(restoredBytes).toBe(0);
    expect(error).toMatchObject({
      code: 'workspace_conflict',
      message: expect.stringMatching(/out\/binary: Build arm64 .* and Build x86_64/),
      hint: expect.stringContaining('on_conflict'),
    });
    expect(error!.details).toEqual({
      conflicts: [
        {
          path: 'out/binary',
          writers: [
            { task: 'Build arm64', step, kind: 'file', mode: 0o644, digest },
            { task: 'Build x86_64', step, kind: 'file', mode: 0o644, digest },
          ],
        },
      ],
    });
  }
});

it('[R2] a diamond has its root once, and a chain has all that came before', async () => {
  const home = await openRunHome();
  const between = (name: string) =>
    `{ name: ${name}, depends: [root], steps: [restore_workspace, { run: echo ${name} > ${name} }, { save_to_workspace: { contents: [{}] } }] }`;
  const run = await home.start(
    runOf(
      saver('root', 'echo root > root'),
      between('left'),
      between('right'),
      saver('stranger', 'echo stranger > stranger'),
      reader('tip', ['left', 'right'], 'ls | sort | tr "\\n" " "'),
      reader('last', ['tip'], 'ls | sort | tr "\\n" " "', '{ on_conflict: fail-any }'),
    ),
  );
  expect(run.result).toBe('success');
  // What `left` and `right` were given is no part of their layers: not even equal files meet.
  for (const name of ['tip', 'last']) expect(await home.log(run.id, name)).toContain('left right root ');
  expect(taskOf(run, 'left').layers).toMatchObject([{ files: 1, bytes: 5 }]);
  expect(Object.keys(await home.files(run.id))).toEqual(['left', 'right', 'root', 'stranger']);
});

it('[R3] what is skipped, and what saves nothing, has no layer, and nobody misses it', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('root', 'echo root > root'),
      saver('never', 'echo never > never', 'depends: [{ root: [on_failure] }]'),
      '{ name: idle, depends: [root], steps: [{ run: "true" }] }',
      '{ name: tip, depends: [idle, { never: [on_skipped] }], steps: [restore_workspace, { run: "ls" }] }',
    ),
  );
  expect(statuses(run)).toEqual({ root: 'success', never: 'skipped', idle: 'success', tip: 'success' });
  expect(await home.files(`${run.id}#tip`)).toEqual({ root: 'root\n' });
});

it('[R1] what a failed task has saved is out of sight, unless it was saved for that case', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      `{ name: tests, steps: [{ run: "echo r > report; echo b > binary; mkdir bin; mv binary bin" },
          { save_to_workspace: { contents: [{ paths: [report] }], on: failure } },
          { save_to_workspace: { contents: [{ source_dir: bin }] } }, { run: "false" }] }`,
      '{ name: after, depends: [{ tests: [on_failure] }], steps: [restore_workspace, { run: "ls" }] }',
      '{ name: not, depends: [tests], steps: [restore_workspace] }',
    ),
  );
  expect(run.result).toBe('failed');
  expect(statuses(run)).toEqual({ tests: 'failed', after: 'success', not: 'skipped' });
  expect(await home.files(`${run.id}#after`)).toEqual({ report: 'r\n' });
  expect(taskOf(run, 'tests').error).toMatchObject({ code: 'command_failed', details: { exitCode: 1 } });
});

it('[R1] a save step that fails commits nothing', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      '{ name: t, steps: [{ save_to_workspace: { contents: [{}, { source_dir: nowhere }], on: failure } }] }',
      '{ name: after, depends: [{ t: [on_failure] }], steps: [restore_workspace] }',
    ),
  );
  expect(taskOf(run, 't')).toMatchObject({
    layers: [],
    error: { code: 'path_not_found', message: expect.stringContaining('project/nowhere') },
  });
  expect(taskOf(run, 'after').status).toBe('success');
});
