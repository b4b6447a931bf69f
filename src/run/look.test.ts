/** To look into runs: their workspaces, who wrote what, what they printed, and what one would do. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { collect } from '../testing/home.ts';
import { displayPath } from '../tree/index.ts';
import { compare, exportArchive, list, restoreSnapshot } from '../workspace/index.ts';
import { cancelRun } from './control.ts';
import { encodeTask, parseRunRef } from './ids.ts';
import { readLogs } from './read-logs.ts';
import { executor, openRunHome, reader, runOf, saver, taskOf } from './run.fixture.ts';
import { planRun } from './run-plan.ts';
import { prepareRun } from './start.ts';
import { listRuns } from './view.ts';
import { explainRunPath } from './why.ts';

const SHAPES = runOf(
  saver('base', 'mkdir d && echo base > d/f && echo only > only'),
  saver('over', 'mkdir d && echo over > d/f && echo more > more', 'depends: [base]'),
  reader('tip', ['over'], 'true', '{ on_conflict: override }'),
  saver('other', 'mkdir d && echo other > d/f'),
  reader('clash', ['base', 'other']),
);

async function shapes() {
  const home = await openRunHome();
  return { home, run: await home.start(SHAPES) };
}

it('[R42] RUN#TASK is the workspace behind a task: it can be listed, read, compared, restored and exported', async () => {
  const { home, run } = await shapes();
  const { world } = home;
  expect(await home.files(`${run.id}#tip`)).toEqual({ 'd/f': 'over\n', more: 'more\n', only: 'only\n' });
  expect(await home.files(`${run.id}#base`)).toEqual({ 'd/f': 'base\n', only: 'only\n' });
  const changes = await collect(compare(world, `${run.id}#base`, `${run.id}#tip`));
  expect(changes.map(({ path, kind }) => [kind, displayPath(path)])).toEqual([
    ['changed', 'd/f'],
    ['added', 'more'],
  ]);
  const listed = await collect(list(world, `${run.id}#tip:d`));
  expect(listed.map(({ path }) => displayPath(path))).toEqual(['f']);
  const out = mkdtempSync(join(tmpdir(), 'strata-look-'));
  try {
    await restoreSnapshot(world, `${run.id}#tip`, join(out, 'copy'));
    expect(readFileSync(join(out, 'copy/d/f'), 'utf8')).toBe('over\n');
    const parts: Buffer[] = [];
    await exportArchive(world, `${run.id}#tip`, async (part) => parts.push(Buffer.from(part)) > 0);
    expect(Buffer.concat(parts).includes('over\n')).toBe(true);
  } finally {
    rmSync(out, { recursive: true });
  }
});

it('[R42] what cannot be put together is a conflict that names all of it; what is not there says so', async () => {
  const { home, run } = await shapes();
  await expectCode('workspace_conflict', home.files(run.id));
  await expectCode('workspace_conflict', home.files(`${run.id}#clash`));
  await expectCode('task_not_found', home.files(`${run.id}#tipp`));
  await expectCode('run_not_found', home.files('run-000000000000'));
  await expectCode('path_not_found', collect(list(home.world, `${run.id}#tip:nope`)));
});

it('[R42] any name of a task can be said in a reference', () => {
  for (const name of ['Build x86_64', '../x', 'a:b', 'a#b', 'a%20b', '日本', "it's", '\u202e']) {
    expect(parseRunRef(`run-0123456789ab#${encodeTask(name)}:p/q`)).toMatchObject({ task: name });
  }
  for (const ref of ['run-0123456789ab#%', 'run-0123456789aB', 'run-0123456789ab@1', 'web'])
    expect(() => parseRunRef(ref)).toThrow(expect.objectContaining({ code: 'bad_input' }));
});

it('[R43] who wrote a path is told, over the whole graph, also of a workspace that cannot be put together', async () => {
  const { home, run } = await shapes();
  const told = async (ref: string) => {
    const { writers, conflict } = await explainRunPath(home.world, ref);
    return [writers.map(({ task, part, by }) => [task, part, by]), conflict && displayPath(conflict)];
  };
  expect(await told(`${run.id}#tip:d/f`)).toEqual([
    [
      ['base', 'hidden', 'over'],
      ['over', 'seen', undefined],
    ],
    undefined,
  ]);
  expect(await told(`${run.id}#tip:only`)).toEqual([[['base', 'seen', undefined]], undefined]);
  expect(await told(`${run.id}#clash:d/f`)).toEqual([
    [
      ['base', 'conflict', undefined],
      ['other', 'conflict', undefined],
    ],
    'd/f',
  ]);
  await expectCode('path_not_found', explainRunPath(home.world, `${run.id}:nope`));
  await expectCode('bad_input', explainRunPath(home.world, run.id));
});

it('[R41] what steps print is kept, step by step, with what the steps of ours say', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      '{ name: a, steps: [{ run: { name: first, command: "echo out; echo err >&2" } }, { run: printf no-newline }, { save_to_workspace: { contents: [{}] } }] }',
      '{ name: b, depends: [a], steps: [{ run: echo b }] }',
    ),
  );
  const parts = await collect(readLogs(home.world, run.id, {}));
  expect(parts.map(({ task, step }) => `${task} ${step}`)).toEqual([
    'a first',
    'a printf no-newline',
    'a save to workspace',
    'b echo b',
  ]);
  expect(await home.log(run.id, 'a')).toMatch(
    /^out\nerr\nno-newline[^]*\nsaved 0 files, 0 B, of these new 0 B, \d+\.\d\d s\n/,
  );
  await expectCode('task_not_found', home.log(run.id, 'c'));
});

it('[R41] who follows gets what comes, to the end of the run', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(
    runOf(
      '{ name: a, steps: [{ run: "echo 1; sleep 0.4; echo 2" }, { run: echo 3 }] }',
      '{ name: b, depends: [a], steps: [{ run: "echo 4" }] }',
      '{ name: c, depends: [{ b: [on_failure] }], steps: [{ run: "echo 5" }] }',
    ),
  );
  const running = conductor.run();
  await new Promise((resolve) => setTimeout(resolve, 100));
  let text = '';
  let atFirst: number | undefined;
  for await (const { bytes } of readLogs(home.world, conductor.id, { follow: true })) {
    atFirst ??= conductor.view().phase === 'running' ? 1 : 0;
    text += Buffer.from(bytes).toString();
  }
  expect([text, atFirst]).toEqual(['1\n2\n3\n4\n', 1]);
  await running;
});

it('[R41] who follows can stop', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(runOf('{ name: a, steps: [{ run: sleep 20 }] }'));
  const running = conductor.run();
  const signal = AbortSignal.timeout(300);
  await expect(collect(readLogs(home.world, conductor.id, { follow: true, signal }))).rejects.toThrow(
    'abort',
  );
  await cancelRun(home.world, conductor.id);
  await running;
});

it('[R40] runs are listed, the newest first, with how many tasks ended how', async () => {
  const home = await openRunHome();
  const first = await home.start(
    runOf('{ name: a, steps: [{ run: "false" }] }', '{ name: b, depends: [a] }'),
  );
  home.wait(1000);
  const second = await home.start(runOf('{ name: a }'));
  expect(await listRuns(home.world, { limit: 0 })).toEqual([]);
  expect(await listRuns(home.world)).toMatchObject([
    { id: second.id, result: 'success', tasks: { success: 1, failed: 0 } },
    { id: first.id, result: 'failed', tasks: { failed: 1, skipped: 1, success: 0 } },
  ]);
  expect(taskOf(second, 'a')).toMatchObject({ status: 'success', attempt: 1, layers: [] });
});

it('[R44] directories that no step can reach are a warning before anything runs', async () => {
  const file = runOf(
    `{ name: go, steps: [{ restore_cache: { keys: [k], dest_dir: /go/pkg/mod } }, { run: "true" }, { save_cache: { key: k, contents: [{ source_dir: /home/task/x }, { source_dir: ~/y }, { source_dir: z }, {}] } }] }`,
    '{ name: far, working_dir: /go/src, steps: [{ save_to_workspace: { contents: [{ source_dir: bin }, { source_dir: ~/bin }, { source_dir: /home/tasks }] } }] }',
    '{ name: left, when: { branch: none }, working_dir: /go, steps: [clone] }',
  );
  const warnings = [
    'go: /go/pkg/mod is not below /home/task, so the step "restore cache" will fail',
    'far: /go/src/bin is not below /home/task, so the step "save to workspace" will fail',
    'far: /home/tasks is not below /home/task, so the step "save to workspace" will fail',
  ];
  const plan = planRun(await prepareRun({ file, shown: 'x' }, undefined), [executor('one')], {
    source: undefined,
    variables: {},
  });
  expect(plan.warnings).toEqual(warnings);
  const home = await openRunHome();
  const told: string[] = [];
  const conductor = await home.begin(file, { onWarning: (text) => told.push(text) });
  expect(told).toEqual(warnings);
  await conductor.run();
});

it('[R44] a variable that no task wants is a warning before anything runs', async () => {
  const file = runOf('{ name: go, environment: { TOKEN: { from_variable: release_token } } }');
  const plan = planRun(await prepareRun({ file, shown: 'x' }, undefined), [executor('one')], {
    source: undefined,
    variables: { relase_token: 'x', other: '' },
  });
  expect(plan.missing).toEqual([{ variable: 'release_token', task: 'go' }]);
  expect(plan.warnings).toEqual([
    'no task wants the variable relase_token (did you mean release_token?)',
    'no task wants the variable other',
  ]);
});

it('[R44] a plan tells levels, executors, and which layers each restore would see; it starts nothing', async () => {
  const file = runOf(
    saver('a', 'true'),
    saver(
      'b',
      'true',
      'depends: [a], runtime: { labels: [big] }, environment: { A: { from_variable: who }, B: { from_variable: given } }',
    ),
    '{ name: idle, depends: [a], environment: { A: { from_variable: who } } }',
    saver('left', 'true', 'when: { branch: main }, environment: { A: { from_variable: nobody } }'),
    '{ name: tip, approval: true, depends: [b, idle, left], steps: [restore_workspace, { restore_workspace: { tasks: [a], on_conflict: override } }] }',
  );
  const plan = planRun(
    await prepareRun({ file, shown: 'x' }, undefined),
    [executor('one'), executor('two', { labels: ['big'] })],
    { source: undefined, variables: { given: '' } },
  );
  expect(plan.missing).toEqual([{ variable: 'who', task: 'b' }]);
  expect(plan.tasks).toMatchObject([
    { name: 'a', level: 0, executors: ['one', 'two'] },
    { name: 'left', level: 0, leftOut: true },
    { name: 'b', level: 1, depends: ['a'], executors: ['two'] },
    { name: 'idle', level: 1 },
    {
      name: 'tip',
      level: 2,
      approval: true,
      steps: [
        { sees: ['a', 'b'], onConflict: 'fail' },
        { sees: ['a'], onConflict: 'override' },
      ],
    },
  ]);
});
