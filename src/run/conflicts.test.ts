/** What a restore does where tasks disagree, among themselves or with what is on the disk. */

import { expect, it } from 'vitest';

import { openRunHome, reader, runOf, saver, statuses, taskOf } from './run.fixture.ts';

const save = '{ save_to_workspace: { contents: [{}] } }';

/** Two tasks that do not wait for each other, and a chain of two. */
const SIDES = {
  apart: (one: string, two: string, restore: string) =>
    runOf(saver('one', one), saver('two', two), reader('tip', ['one', 'two'], 'true', restore)),
  chain: (one: string, two: string, restore: string) =>
    runOf(saver('one', one), saver('two', two, 'depends: [one]'), reader('tip', ['two'], 'true', restore)),
} as const;

type Row = readonly [
  keyof typeof SIDES,
  string,
  string,
  string,
  Readonly<Record<string, string>> | 'conflict',
];

const ROWS: readonly Row[] = [
  ['apart', 'echo a > f', 'echo b > f', 'fail', 'conflict'],
  ['apart', 'echo a > f', 'echo a > f', 'fail', { f: 'a\n' }],
  ['apart', 'echo a > f', 'echo a > f && chmod 755 f', 'fail', 'conflict'],
  ['apart', 'echo a > f', 'echo a > f', 'fail-any', 'conflict'],
  ['apart', 'echo a > f', 'mkdir f && touch f/x', 'fail', 'conflict'],
  ['chain', 'echo a > f', 'echo b > f', 'fail', 'conflict'],
  ['chain', 'echo a > f', 'mkdir f && touch f/x', 'fail', 'conflict'],
  ['chain', 'mkdir f && touch f/x', 'echo b > f', 'fail', 'conflict'],
  ['chain', 'echo a > f', 'echo a > f', 'fail-any', 'conflict'],
  ['chain', 'echo a > f', 'echo b > f', 'override', { f: 'b\n' }],
  ['chain', 'echo a > f', 'mkdir f && echo x > f/x', 'override', { 'f/x': 'x\n' }],
  ['chain', 'mkdir f && echo x > f/x', 'echo b > f', 'override', { f: 'b\n' }],
  ['apart', 'echo a > f', 'echo b > f', 'override', 'conflict'],
  ['apart', 'echo a > f', 'echo b > f', '{ prefer: [one] }', { f: 'a\n' }],
  ['apart', 'echo a > f', 'mkdir f && echo x > f/x', '{ prefer: [two, one] }', { 'f/x': 'x\n' }],
  ['apart', 'echo a > f', 'echo b > f', 'separate', { 'one/f': 'a\n', 'two/f': 'b\n' }],
];

it.each(ROWS)('[R5] %s: %s, %s, on_conflict: %s', async (sides, one, two, policy, outcome) => {
  const home = await openRunHome();
  const run = await home.start(SIDES[sides](one, two, `{ on_conflict: ${policy} }`));
  if (outcome === 'conflict') {
    expect(taskOf(run, 'tip').error).toMatchObject({ code: 'workspace_conflict' });
    expect(taskOf(run, 'tip').inputDigest).toBe(undefined);
  } else {
    expect(run.result).toBe('success');
    expect(await home.files(`${run.id}#tip`)).toEqual(outcome);
  }
});

it('[R4] all conflicts are told, sorted, and what was not in conflict is not written either', async () => {
  const home = await openRunHome();
  const make = (text: string) =>
    `mkdir d && for n in z a d/m; do echo ${text} > $n; done && echo ${text} > ${text}`;
  const run = await home.start(
    runOf(
      saver('two', make('2')),
      saver('one', make('1')),
      `{ name: tip, depends: [one, two], steps: [restore_workspace, ${save}] }`,
    ),
  );
  const { error, layers } = taskOf(run, 'tip');
  const { conflicts } = error!.details as { conflicts: { path: string; writers: { task: string }[] }[] };
  expect(conflicts.map(({ path }) => path)).toEqual(['a', 'd/m', 'z']);
  expect(new Set(conflicts.map(({ writers }) => writers.map(({ task }) => task).join()))).toEqual(
    new Set(['one,two']),
  );
  expect(layers).toEqual([]);
  expect(await home.log(run.id, 'tip')).toMatch(/^error: tasks have saved 3 paths differently[^]*one \(step/);
});

it('[R4] what keeps two layers from being one is told: kinds and digests; a directory has none that counts', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('a', 'mkdir f && touch f/x && ln -s a g'),
      saver('b', 'echo b > f && ln -s b g'),
      reader('tip', ['a', 'b']),
    ),
  );
  expect(taskOf(run, 'tip').error!.details).toMatchObject({
    conflicts: [
      {
        path: 'f',
        writers: [
          { task: 'a', kind: 'directory' },
          { task: 'b', kind: 'file' },
        ],
      },
      {
        path: 'g',
        writers: [
          { task: 'a', kind: 'symlink' },
          { task: 'b', kind: 'symlink' },
        ],
      },
    ],
  });
});

it('[R4] where nothing but the mode differs it is shown', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('a', 'echo f > f && chmod 644 f'),
      saver('b', 'echo f > f && chmod 755 f'),
      reader('tip', ['a', 'b']),
    ),
  );
  const { message, details } = taskOf(run, 'tip').error!;
  expect(message).toMatch(
    /^tasks have saved one path differently.*\n {2}f: a \(step .*: file (\w{12}), mode 644\) and b \(step .*: file \1, mode 755\)$/,
  );
  expect(details).toMatchObject({ conflicts: [{ writers: [{ mode: 0o644 }, { mode: 0o755 }] }] });
});

it.each([
  [['one', 'two'], 'by both one and two'],
  [['one', 'two', 'three'], 'by all of one and three and two'],
])('[R4] what is equal is not called different: %s', async (names, by) => {
  const home = await openRunHome();
  const told: string[] = [];
  const run = await home.start(
    runOf(
      ...names.map((name) => saver(name, 'echo f > f && chmod 644 f')),
      '{ name: slow, steps: [{ run: sleep 0.5 }] }',
      reader('tip', [...names, 'slow'], 'true', '{ on_conflict: fail-any }'),
    ),
    { onWarning: (text) => told.push(text) },
  );
  const { message, hint } = taskOf(run, 'tip').error!;
  expect(message).toMatch(/^one path is saved by several tasks, so the workspace of tip cannot/);
  expect(message).not.toMatch(/differently|mode/);
  expect(hint).toContain('`on_conflict: fail`');
  expect(told.at(-1)).toBe(`tip will not be able to restore the workspace: f is saved ${by}`);
});

it('[R5] of some tasks, or some paths, only these are restored, and only these can be in conflict', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('one', 'echo 1 > f && mkdir d && echo 1 > d/one'),
      saver('two', 'echo 2 > f && mkdir d && echo 2 > d/two'),
      reader('some', ['one', 'two'], 'find . -type f | sort', '{ tasks: [two] }'),
      reader(
        'part',
        ['one', 'two'],
        'find . -type f | sort',
        '{ on_conflict: { prefer: [one] }, paths: ["d/**"] }',
      ),
    ),
  );
  expect(statuses(run)).toMatchObject({ some: 'success', part: 'success' });
  expect(await home.log(run.id, 'some')).toContain('./d/two\n./f\n');
  expect(await home.log(run.id, 'part')).toMatch(/\n\.\/d\/one\n\.\/d\/two\n$/);
});

it('[R6] into a directory with files: what is equal stays, what else is there too, and twice is nothing', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      saver('a', 'echo 1 > one && mkdir d && echo 2 > d/two'),
      `{ name: b, depends: [a], steps: [{ run: "mkdir d && echo 2 > d/two && echo mine > d/mine" }, restore_workspace,
          { run: "stat -c %Y.%i one d/two > ~/before" }, restore_workspace, { run: "stat -c %Y.%i one d/two | cmp - ~/before && cat d/mine one" }] }`,
    ),
  );
  expect(run.result).toBe('success');
  expect(await home.log(run.id, 'b')).toContain('mine\n1\n');
});

it.each([
  ['echo mine > one', /already on disk at one/],
  ['mkdir one && touch one/x', /already on disk at one/],
  ['echo mine > d', /already on disk at d/],
  ['echo 1 > one && chmod 700 one', /already on disk at one/],
  ['ln -s /etc d', /already on disk at d/],
])(
  '[R6] foreign content, %s, is a conflict with what is on the disk, and nothing is written',
  async (command, message) => {
    const home = await openRunHome();
    const run = await home.start(
      runOf(
        saver('a', 'echo 1 > one && mkdir d && echo 2 > d/two && echo 3 > three'),
        `{ name: b, depends: [a], steps: [{ run: "${command}" }, restore_workspace] }`,
        // Whatever is in its directory by then is not to be seen.
        `{ name: c, depends: [{ b: [on_failure] }], steps: [{ run: "true" }] }`,
      ),
    );
    expect(taskOf(run, 'b').error).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(message),
      hint: expect.stringContaining('Nothing was changed'),
    });
  },
);

it('[R11] two layers that will meet in conflict are warned of before the task that joins them begins', async () => {
  const home = await openRunHome();
  const told: string[] = [];
  let startedThen: number | undefined = -1;
  const conductor = await home.begin(
    runOf(
      saver('one', 'echo 1 > f'),
      saver('two', 'echo 2 > f'),
      '{ name: slow, depends: [one, two], steps: [{ run: sleep 0.5 }] }',
      reader('tip', ['slow']),
    ),
    {
      onWarning: (text) => {
        told.push(text);
        startedThen = taskOf(conductor.view(), 'tip').started;
      },
    },
  );
  await conductor.run();
  expect(told).toEqual([
    'tip will not be able to restore the workspace: f is saved differently by one and two',
  ]);
  expect(startedThen).toBe(undefined);
});

it('[R12] one digest tells what a task was given, whatever tasks, commands and variables are called', async () => {
  const home = await openRunHome();
  const digestOf = async (file: string, variables = {}) =>
    taskOf(await home.start(file, { variables }), 'tip').inputDigest;
  const two = (one: string, other: string, text: string) =>
    runOf(
      saver(one, `echo ${text} > a`),
      saver(other, 'echo b > b'),
      reader('tip', [one, other], 'true', '{ dest_dir: x }'),
    );
  const digest = await digestOf(two('one', 'other', 'a'));
  expect(digest).toMatch(/^[0-9a-f]{64}$/);
  expect(await digestOf(two('zzz', 'yyy', "'a'"))).toBe(digest);
  expect(
    await digestOf(
      runOf(
        '{ name: all, environment: { B: { from_variable: b } }, steps: [{ run: "echo a > a; echo $B > b; touch -d @1 a" }, { save_to_workspace: { contents: [{}] } }] }',
        reader('tip', ['all']),
      ),
      { b: 'b' },
    ),
  ).toBe(digest);
  expect(await digestOf(two('one', 'other', 'A'))).not.toBe(digest);
});
