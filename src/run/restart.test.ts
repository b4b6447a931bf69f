/** A run again, with what succeeded. */

import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { DAY, openRunHome, reader, runOf, saver, statuses, taskOf } from './run.fixture.ts';
import type { RunHome } from './run.fixture.ts';
import { planRestartOf } from './restart.ts';
import { expireLayers, removeRun } from './retention.ts';
import { showRun } from './view.ts';
import { toHex } from '../base/index.ts';

/** `test` fails until the file `mended` is there; `build` counts its runs. */
const graph = (home: RunHome) =>
  runOf(
    saver('build', `echo run >> ${home.at('builds')} && echo built > binary`),
    saver('lint', 'echo linted > lint'),
    reader('test', ['build'], `cat binary && test -e ${home.at('mended')}`),
    reader('deploy', ['test', 'lint'], 'cat binary lint'),
    saver('sweep', 'true', 'depends: [{ lint: [on_failure] }]'),
  );

async function failed() {
  const home = await openRunHome();
  const run = await home.start(graph(home));
  expect(statuses(run)).toEqual({
    build: 'success',
    lint: 'success',
    test: 'failed',
    deploy: 'skipped',
    sweep: 'skipped',
  });
  return { home, run, builds: () => home.read('builds').split('\n').length - 1 };
}

it('[R20] from failed: what did not succeed runs again under new ids, with the layers that there are', async () => {
  const { home, run, builds } = await failed();
  home.write('mended', '');
  const again = await home.restart(run.id);
  expect(again).toMatchObject({ result: 'success', restartedFrom: run.id });
  expect(statuses(again)).toEqual({
    build: 'success',
    lint: 'success',
    test: 'success',
    deploy: 'success',
    sweep: 'skipped',
  });
  expect(builds()).toBe(1);
  expect(again.tasks.map(({ reused }) => reused)).toEqual([true, true, false, false, false]);
  expect(taskOf(again, 'build').layers).toEqual(taskOf(run, 'build').layers);
  expect(new Set([...run.tasks, ...again.tasks].map(({ id }) => id)).size).toBe(10);
  expect(await home.log(again.id, 'deploy')).toContain('built\nlinted\n');
  // The old one is as it was.
  expect(await showRun(home.world, run.id)).toEqual(run);
  expect(await home.log(run.id, 'test')).toContain('built\n');
});

it('[R20] from the start all runs again; chosen tasks, and what depends on them', async () => {
  const { home, run, builds } = await failed();
  home.write('mended', '');
  const all = await home.restart(run.id, { mode: 'from-start' });
  expect([all.result, builds()]).toEqual(['success', 2]);
  expect(all.tasks.filter(({ reused }) => reused)).toEqual([]);
  const some = await home.restart(all.id, { mode: { tasks: ['lint'] } });
  expect(some.result).toBe('success');
  expect(builds()).toBe(2);
  expect(some.tasks.filter(({ reused }) => !reused).map(({ name }) => name)).toEqual([
    'lint',
    'deploy',
    'sweep',
  ]);
  await expectCode('task_not_found', home.restart(all.id, { mode: { tasks: ['lnit'] } }));
});

it('[R20] a restart of a restart has the layers of the first', async () => {
  const { home, run } = await failed();
  const second = await home.restart(run.id);
  expect(statuses(second)['test']).toBe('failed');
  home.write('mended', '');
  const third = await home.restart(second.id);
  expect(third.result).toBe('success');
  await removeRun(home.world, run.id);
  await removeRun(home.world, second.id);
  expect(await home.files(`${third.id}#deploy`)).toEqual({ binary: 'built\n', lint: 'linted\n' });
});

it('[R20] a plan tells for each task what becomes of it and why; new variables are taken', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      '{ name: a, steps: [{ run: "true" }] }',
      '{ name: b, environment: { X: { from_variable: x } }, steps: [{ run: "test $X = good" }] }',
      '{ name: c, depends: [a, b], steps: [{ run: "true" }] }',
    ),
    { variables: { x: 'bad', y: '1' } },
  );
  const { plan, problems } = await planRestartOf(home.world, run.id, { mode: 'from-failed' });
  expect(problems).toEqual([]);
  expect(plan.decisions).toMatchObject([
    { task: 0, action: 'reuse', reason: { kind: 'succeeded' } },
    { task: 1, action: 'rerun', reason: { kind: 'failed' } },
    { task: 2, action: 'rerun' },
  ]);
  expect((await home.restart(run.id)).result).toBe('failed');
  expect((await home.restart(run.id, { variables: { x: 'good' } })).result).toBe('success');
});

it('[R20] a run that goes on, and one in which all has succeeded, is refused', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(runOf('{ name: a, steps: [{ run: sleep 0.2 }] }'));
  const running = conductor.run();
  await expectCode('refused', home.restart(conductor.id));
  await running;
  await expectCode('refused', home.restart(conductor.id));
  await expectCode('run_not_found', home.restart('run-000000000000'));
});

/** Every object of one kind, as files. */
function objects(home: RunHome, kind: string): string[] {
  const store = home.at('store');
  return readdirSync(store, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path.includes(`/${kind}/`));
}

const corrupt = (path: string) => {
  const bytes = readFileSync(path);
  const at = bytes.length >> 1;
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(path, bytes);
};

const DAMAGES: readonly [string, string, (path: string) => void][] = [
  ['gone', 'data', (path) => rmSync(path)],
  ['gone', 'tree', (path) => rmSync(path)],
  ['corrupt', 'data', corrupt],
  ['corrupt', 'tree', corrupt],
];

it.each(DAMAGES)(
  '[R21] a layer that is needed and %s (%s) is told before anything starts; it can be made again',
  async (_, kind, damage) => {
    const { home, run, builds } = await failed();
    home.write('mended', '');
    for (const path of objects(home, kind)) damage(path);
    const error = await home.restart(run.id).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'layer_gone',
      message: expect.stringMatching(
        /build cannot be reused: the layer of its step "save to workspace" is not whole[^]*lint cannot/,
      ),
      hint: expect.stringContaining('--mend'),
    });
    expect(builds()).toBe(1);
    expect(await home.world.database.kysely.selectFrom('runs').select('id').execute()).toHaveLength(1);
    const { plan } = await planRestartOf(home.world, run.id, { mode: 'from-failed', mend: true });
    expect(plan.decisions[0]).toMatchObject({ action: 'rerun', reason: { kind: 'layer-gone' } });
    // The same content is not taken for stored.
    const mended = await home.restart(run.id, { mend: true });
    expect([mended.result, builds()]).toEqual(['success', 2]);
    expect(await home.files(`${mended.id}#deploy`)).toEqual({ binary: 'built\n', lint: 'linted\n' });
  },
);

it('[R21] after its time a run has no layers to reuse; with mend the tasks run again', async () => {
  const { home, run, builds } = await failed();
  home.write('mended', '');
  home.wait(8 * DAY);
  await expireLayers(home.world, toHex(home.world.vault.id));
  const error = await home.restart(run.id).catch((reason: unknown) => reason);
  expect(error).toMatchObject({
    code: 'layer_gone',
    message: expect.stringContaining('time for which its layers are kept is over'),
  });
  const mended = await home.restart(run.id, { mend: true });
  expect([mended.result, builds()]).toEqual(['success', 2]);
});

it('[R21] a layer that nobody reads any more is missed by nobody', async () => {
  const { home, run } = await failed();
  for (const path of objects(home, 'data')) rmSync(path);
  const { problems, plan } = await planRestartOf(home.world, run.id, {
    mode: { tasks: ['deploy', 'build', 'lint'] },
  });
  expect(problems).toEqual([]);
  expect(plan.decisions.filter(({ action }) => action === 'reuse')).toEqual([]);
});

it('[R22] with early cut-off, what depends on a task that saves the same as before is left alone', async () => {
  const home = await openRunHome();
  const counted = (name: string, depends: string) =>
    `{ name: ${name}, depends: [${depends}], steps: [restore_workspace, { run: "echo ${name} >> ${home.at('count')}; cp f g" }, { save_to_workspace: { contents: [{ paths: [g], dest_dir: ${name} }] } }] }`;
  const file = runOf(saver('a', `cat ${home.at('f')} > f`), counted('b', 'a'), counted('c', 'b'));
  home.write('f', 'one');
  const run = await home.start(file);
  const restart = () => home.restart(run.id, { mode: { tasks: ['a'] }, settings: { earlyCutoff: true } });
  const same = await restart();
  expect(same.result).toBe('success');
  expect(same.tasks.map(({ reused }) => reused)).toEqual([false, true, true]);
  expect(home.read('count')).toBe('b\nc\n');
  expect(await home.files(`${same.id}#c`)).toEqual({ 'b/g': 'one', 'c/g': 'one', f: 'one' });
  home.write('f', 'two');
  const other = await restart();
  expect(other.tasks.map(({ reused }) => reused)).toEqual([false, false, false]);
  expect(home.read('count')).toBe('b\nc\nb\nc\n');
});
