/** What is shown of a task that has failed. */

import { expect, it } from 'vitest';

import { lastPrinted } from './last-printed.ts';
import { openRunHome, runOf } from './run.fixture.ts';

const task = (name: string, steps: string, more = '') => `{ name: ${name}, steps: [${steps}]${more} }`;
const after = (name: string) => `, depends: [{ task: ${name}, conditions: [on_failure] }]`;

it('[R45] is the end of the task over its steps, without the error, of those that failed first', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      task('fifth', '{ run: exit 1 }', after('fourth')),
      task('first', '{ run: "echo before" }, { run: "echo here; exit 1" }, { run: "echo after" }'),
      task('second', '{ run: "head -c 5000 /dev/zero | tr \'\\\\0\' x; echo end; exit 1" }', after('first')),
      task(
        'third',
        '{ save_to_workspace: { contents: [{ paths: [no] }], if_no_files: error } }',
        after('second'),
      ),
      task('fourth', '{ run: "echo slow; sleep 30" }', `${after('third')}, task_timeout_interval: 1s`),
      task('fine', '{ run: "echo fine" }'),
    ),
  );
  const told = await lastPrinted(home.world, run.id, { most: 4 });
  expect(
    told.map(({ task: name, bytes, isWhole }) => [name, Buffer.from(bytes).toString(), isWhole]),
  ).toEqual([
    ['first', 'before\nhere\n', true],
    ['second', `${'x'.repeat(4092)}end\n`, false],
    ['third', 'warning: nothing in . matches no\n', true],
    ['fourth', 'slow\n', true],
  ]);
  expect(await lastPrinted(home.world, run.id, { most: 9 })).toHaveLength(5);
});

it('[R45] goes back over the steps of the last attempt, up to so many bytes, each on a line of its own', async () => {
  const home = await openRunHome();
  const run = await home.start(
    runOf(
      task(
        'silent',
        '{ run: "echo one; printf two" }, { run: "true" }, { run: "echo three" }, { run: exit 5 }',
      ),
      task('loud', '{ run: "seq 9000" }, { run: "echo end" }, { run: exit 5 }'),
      task('mute', '{ run: "true" }, { run: exit 5 }'),
    ),
  );
  const told = await lastPrinted(home.world, run.id, { most: 9 });
  const of = (name: string) => {
    const { bytes, isWhole } = told.find((each) => each.task === name)!;
    return [Buffer.from(bytes).toString(), isWhole];
  };
  expect(of('silent')).toEqual(['one\ntwo\nthree\n', true]);
  expect(of('mute')).toEqual(['', true]);
  const [loud, isWhole] = of('loud');
  expect(loud).toMatch(/\n8999\n9000\nend\n$/);
  expect([loud, isWhole]).toEqual([expect.objectContaining({ length: 4096 }), false]);
});
