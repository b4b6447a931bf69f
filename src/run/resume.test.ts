/** A run whose process is gone. Here it is taken away in the rows; that it can be killed at any time is shown with real processes elsewhere. */

import { expect, it } from 'vitest';

import { thisProcess } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { cancelRun } from './control.ts';
import { lastPrinted } from './last-printed.ts';
import { openRunHome, reader, runOf, statuses, taskOf } from './run.fixture.ts';
import type { RunHome } from './run.fixture.ts';
import { attemptDirectory } from './sweep.ts';
import { showRun } from './view.ts';
import { mkdirSync } from 'node:fs';

/** A process that began at another time: it is not there any more. */
const DEAD = thisProcess().replace(/-\d+-/, '-1-');

const file = (home: RunHome) =>
  runOf(
    '{ name: a, steps: [{ run: "echo a > a" }, { save_to_workspace: { contents: [{}] } }] }',
    `{ name: b, depends: [a], steps: [{ run: "echo b >> ${home.at('count')}; echo b > b" },
        { save_to_workspace: { contents: [{ paths: [b] }], on: failure } }, { run: "test -e ${home.at('mended')}" }] }`,
    reader('c', ['b'], 'ls | sort | tr "\\n" " "'),
    reader('d', ['a'], 'true'),
  );

/** As if the process had died in the last step of `b`. */
async function dieIn(home: RunHome, name: string, text: string): Promise<string> {
  const run = await home.start(text);
  await home.world.database.transaction(async (tx) => {
    const open = {
      phase: 'running' as const,
      result: 'unknown' as const,
      ended: null,
      expires: null,
      holder: DEAD,
    };
    await tx.updateTable('runs').set(open).where('id', '=', run.id).execute();
    const task = taskOf(run, name);
    const running = { status: 'running' as const, ended: null, error: null };
    await tx.updateTable('tasks').set(running).where('id', '=', task.id).execute();
    const rest = { status: 'notstarted' as const, started: null, ended: null };
    await tx
      .updateTable('tasks')
      .set(rest)
      .where('run', '=', run.id)
      .where('status', '=', 'skipped')
      .execute();
    mkdirSync(attemptDirectory(home.world, run.id, task.id, 1), { recursive: true });
  });
  return run.id;
}

it('[R23] what was running begins anew in a directory of its own, and of its first attempt nothing is seen', async () => {
  const home = await openRunHome();
  const id = await dieIn(home, 'b', file(home));
  const before = await showRun(home.world, id);
  expect(before).toMatchObject({ phase: 'running', orphaned: true });
  home.write('mended', '');
  home.wait(5000);
  const run = await home.resume(id);
  expect(run).toMatchObject({ id, phase: 'finished', result: 'success', orphaned: false });
  expect(statuses(run)).toMatchObject({ a: 'success', b: 'success', c: 'success' });
  expect(taskOf(run, 'a')).toMatchObject({ attempt: 1 });
  expect(taskOf(run, 'b')).toMatchObject({ attempt: 2, layers: [{ files: 1 }] });
  expect(run).toMatchObject({ created: before.created, started: before.started });
  expect(home.read('count')).toBe('b\nb\n');
  expect(await home.log(id, 'c')).toContain('a b ');
  expect(home.leftovers()).toEqual([]);
});

it.each([false, true])(
  '[R50] layers of an attempt that another replaces are no roots any more; of one that failed they stay (failed: %s)',
  async (failInterrupted) => {
    const home = await openRunHome();
    const save = (path: string) => `{ save_to_workspace: { contents: [{ paths: [${path}] }], on: failure } }`;
    const text = runOf(
      `{ name: b, steps: [{ run: "echo $(cat ${home.at('count')} 2>/dev/null)x > f; echo n >> ${home.at('count')}" }, ${save('f')}, { run: "true" }] }`,
    );
    const id = await dieIn(home, 'b', text);
    const kept = async () => {
      const { kysely } = home.world.database;
      const layers = await kysely.selectFrom('layers').select('id').execute();
      const rows = await kysely.selectFrom('task_layers').select(['attempt', 'layer']).execute();
      expect(rows.map(({ layer }) => layer)).toEqual(layers.map((layer) => layer.id));
      return rows.map(({ attempt, layer }) => [attempt, layer]);
    };
    const [[, first] = []] = await kept();
    const run = await home.resume(id, { failInterrupted });
    if (failInterrupted) return expect(await kept()).toEqual([[1, first]]);
    expect(taskOf(run, 'b')).toMatchObject({ attempt: 2, status: 'success' });
    const [[attempt, second] = [], ...more] = await kept();
    expect([attempt, more]).toEqual([2, []]);
    expect(second).not.toBe(first);
  },
);

it('[R23] or it has failed, and the run goes on accordingly', async () => {
  const home = await openRunHome();
  const id = await dieIn(home, 'b', file(home));
  home.wait(3000);
  const run = await home.resume(id, { failInterrupted: true });
  expect(run).toMatchObject({ phase: 'finished', result: 'failed' });
  expect(statuses(run)).toMatchObject({ a: 'success', b: 'failed', c: 'skipped' });
  const { error, started, ended } = taskOf(run, 'b');
  expect(error).toMatchObject({ code: 'interrupted', hint: expect.stringContaining(`runs restart ${id}`) });
  expect(ended! - started!).toBeGreaterThanOrEqual(3000);
  const [last] = await lastPrinted(home.world, id, { most: 1 });
  expect(Buffer.from(last!.bytes).toString()).toMatch(/^saved 1 file/);
  expect(home.read('count')).toBe('b\n');
  const again = await home.restart(id, { mode: 'from-start' });
  expect(again.tasks).toHaveLength(4);
});

it.each([true, false])(
  '[R23] one of which nothing is left to do ends at once (the last has failed: %s)',
  async (failInterrupted) => {
    const home = await openRunHome();
    const id = await dieIn(
      home,
      'b',
      runOf('{ name: a }', '{ name: b, depends: [a], steps: [{ run: "true" }] }'),
    );
    if (!failInterrupted)
      await home.world.database.kysely
        .updateTable('tasks')
        .set({ status: 'success' })
        .where('run', '=', id)
        .execute();
    const run = await home.resume(id, { failInterrupted });
    expect(run).toMatchObject({ phase: 'finished', result: failInterrupted ? 'failed' : 'success' });
    expect(run.ended).toBeDefined();
  },
);

it('[R23] a run that ended, or that a living process carries, is refused', async () => {
  const home = await openRunHome();
  const conductor = await home.begin(runOf('{ name: a, steps: [{ run: sleep 0.3 }] }'));
  const running = conductor.run();
  await expectCode('refused', home.resume(conductor.id));
  await running;
  await expectCode('refused', home.resume(conductor.id));
  await expectCode('run_not_found', home.resume('run-000000000000'));
});

it('[R23] of two that want it one gets it', async () => {
  const home = await openRunHome();
  const id = await dieIn(home, 'b', file(home));
  home.write('mended', '');
  const outcomes = await Promise.allSettled([home.resume(id), home.resume(id)]);
  expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(home.read('count')).toBe('b\nb\n');
});

it('[R23] one that nobody carries can be cancelled, with what it has left', async () => {
  const home = await openRunHome();
  const id = await dieIn(home, 'b', file(home));
  await cancelRun(home.world, id);
  const run = await showRun(home.world, id);
  expect(run).toMatchObject({ phase: 'finished', result: 'stopped', orphaned: false });
  expect(statuses(run)).toMatchObject({ a: 'success', b: 'stopped', c: 'cancelled' });
  expect(home.leftovers()).toEqual([]);
});

it('[R23] one that was being cancelled is not begun again', async () => {
  const home = await openRunHome();
  const signal = new AbortController();
  const conductor = await home.begin(
    runOf('{ name: a, steps: [{ run: sleep 20 }] }', '{ name: b, depends: [a], steps: [{ run: "true" }] }'),
    { signal: signal.signal },
  );
  const running = conductor.run();
  await new Promise((resolve) => setTimeout(resolve, 200));
  signal.abort();
  await running;
  const { id } = conductor;
  await home.world.database.kysely
    .updateTable('runs')
    .set({ phase: 'running', ended: null, holder: DEAD })
    .where('id', '=', id)
    .execute();
  await home.world.database.kysely
    .updateTable('tasks')
    .set({ status: 'running', ended: null })
    .where('run', '=', id)
    .where('name', '=', 'a')
    .execute();
  const run = await home.resume(id);
  expect(run).toMatchObject({ phase: 'finished', result: 'stopped' });
  expect(taskOf(run, 'a').attempt).toBe(1);
});
