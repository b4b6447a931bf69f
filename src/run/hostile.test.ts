/** Tasks that do what they should not. None of it ends more than the task. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';

import { thisProcess } from '../base/index.ts';
import { podmanExecutor } from '../exec/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { testImage } from '../testing/test-image.ts';
import { cancelRun } from './control.ts';
import { lastPrinted } from './last-printed.ts';
import { LOG_END_BYTES } from './log-end.ts';
import { MOST_LOG_BYTES } from './logs.ts';
import { executor, openRunHome, reader, runOf, saver, statuses, taskOf } from './run.fixture.ts';
import { prepareRun } from './start.ts';
import { attemptDirectory } from './sweep.ts';
import { showRun } from './view.ts';

const steps = (name: string, ...all: readonly string[]) => `{ name: ${name}, steps: [${all.join(', ')}] }`;
const run = (command: string) => `{ run: ${JSON.stringify(command)} }`;

/** What a step does that goes to a directory which is a link by then. */
const THROUGH_LINKS: readonly [string, string][] = [
  ['{ save_to_workspace: { contents: [{ source_dir: d }] } }', 'save_to_workspace'],
  ['{ save_to_workspace: { contents: [{ source_dir: d/deeper }] } }', 'save_to_workspace, deeper'],
  ['{ restore_workspace: { dest_dir: d } }', 'restore_workspace'],
  ['{ restore_workspace: { dest_dir: d/deeper } }', 'restore_workspace, deeper'],
  ['{ save_cache: { key: other, contents: [{ source_dir: d }] } }', 'save_cache'],
  ['{ restore_cache: { keys: [k], dest_dir: d } }', 'restore_cache'],
  ['{ run: { command: pwd, working_dir: ~/project/d } }', 'working_dir'],
  [`{ restore_cache: { keys: ["{{ md5sum \\"d/hostname\\" }}"] } }`, 'the sum in a key'],
];

it.each(THROUGH_LINKS)('[R10] %s leads through a link and is refused (%s)', async (step) => {
  const home = await openRunHome();
  home.write('outside/hostname', 'a secret');
  home.write('outside/deeper/file', 'a secret');
  await home.start(runOf(steps('cache', run('echo x > x'), '{ save_cache: { key: k, contents: [{}] } }')));
  for (const target of [home.at('outside'), home.at('store'), '/etc']) {
    const before = statSync(target).mtimeMs;
    const result = await home.start(
      runOf(
        saver('a', 'echo a > a'),
        `{ name: b, depends: [a], steps: [${run(`ln -s ${target} d`)}, ${step}] }`,
      ),
    );
    expect(taskOf(result, 'b').error).toMatchObject({
      code: 'bad_input',
      message: expect.stringContaining('link'),
    });
    if (target === home.at('outside')) expect(statSync(target).mtimeMs).toBe(before);
  }
  expect(readFileSync(home.at('outside/deeper/file'), 'utf8')).toBe('a secret');
});

it('[R10] the home itself may be a link, or gone', async () => {
  const home = await openRunHome();
  for (const command of [
    'cd / && rm -rf $HOME/project && ln -s /etc $HOME/project',
    'cd / && rm -rf $HOME',
    `cd / && rm -rf $HOME && ln -s /etc $HOME`,
  ]) {
    const result = await home.start(
      runOf(steps('a', run(command), '{ save_to_workspace: { contents: [{}] } }'), steps('b', run('true'))),
    );
    expect(statuses(result)).toEqual({ a: 'failed', b: 'success' });
    expect(taskOf(result, 'a').error!.code).not.toBe('internal');
    expect(home.leftovers()).toEqual([]);
  }
  expect(statSync('/etc').isDirectory()).toBe(true);
});

it('[R10] links in a workspace are kept as links, and nothing is written through them', async () => {
  const home = await openRunHome();
  home.write('outside/file', 'mine');
  const result = await home.start(
    runOf(
      saver('a', `ln -s ${home.at('outside')} d`),
      saver('b', 'mkdir d && echo b > d/file'),
      reader('both', ['a', 'b']),
      reader('after', ['a'], 'test -L d'),
      `{ name: over, depends: [a], steps: [restore_workspace, { run: "rm d; mkdir d; echo o > d/file" }, { save_to_workspace: { contents: [{}] } }] }`,
      reader('chain', ['over'], 'test ! -L d && cat d/file', '{ on_conflict: override }'),
    ),
  );
  expect(statuses(result)).toMatchObject({ both: 'failed', after: 'success', chain: 'success' });
  expect(taskOf(result, 'both').error).toMatchObject({ code: 'workspace_conflict' });
  expect(home.read('outside/file')).toBe('mine');
});

it('[R60] names of tasks lead nowhere', async () => {
  const home = await openRunHome();
  const names = ['../x', '/etc/passwd', '__proto__', 'constructor', '-rf', '.', 'a b\'"$(id)', '日本'];
  const result = await home.start(
    runOf(
      ...names.map((name) => saver(name, 'echo "$STRATA_TASK_NAME" > f')),
      reader('all', names, 'find . -type f | wc -l', '{ on_conflict: separate }'),
    ),
  );
  expect(result.result).toBe('success');
  expect(await home.log(result.id, 'all')).toContain(`${names.length}\n`);
  for (const name of names) {
    expect(taskOf(result, name)).toMatchObject({ status: 'success' });
    expect(await home.log(result.id, name)).toContain('saved 1 file,');
  }
  expect(Object.values(await home.files(`${result.id}#all`)).sort()).toEqual(
    names.map((name) => `${name}\n`).sort(),
  );
});

it('[R61] what is printed is kept up to a limit, and all of it passes', async () => {
  const home = await openRunHome();
  const result = await home.start(
    runOf(steps('a', run('yes 0123456789abcdef | head -c 1G; echo; echo the true reason; exit 3'))),
  );
  expect(result.result).toBe('failed');
  const log = readFileSync(home.at('runs', result.id, result.tasks[0]!.id, '1-0.log'));
  expect(log.length).toBeLessThan(MOST_LOG_BYTES + LOG_END_BYTES + 100);
  expect(log.subarray(MOST_LOG_BYTES, MOST_LOG_BYTES + 50).toString()).toContain(
    '\n[more was printed than is kept]\n0123456789abcdef\n',
  );
  const end = log.subarray(-200).toString();
  expect(end).toMatch(/\n0123456789abc\nthe true reason\nerror: .*exit code 3\n$/);
  const [last] = await lastPrinted(home.world, result.id, { most: 1 });
  expect(Buffer.from(last!.bytes).toString()).toMatch(/\nthe true reason\n$/);
}, 120_000);

it('[R13] what a task leaves running is killed before it is saved', async () => {
  const home = await openRunHome();
  const daemon = '(setsid sh -c "while :; do echo x >> f; done" &) ; sleep 0.1';
  const result = await home.start(runOf(saver('a', daemon), reader('b', ['a'], 'wc -c < f')));
  expect(result.result).toBe('success');
  expect(home.leftovers()).toEqual([]);
});

it('[R19] an executor that cannot be had fails its tasks, not the others, and leaves nothing', async () => {
  const executors = [executor('host'), executor('pods', { type: 'podman' })];
  const home = await openRunHome({ executors, podman: { PATH: '/nowhere' } });
  const result = await home.start(
    runOf(
      '{ name: pod, runtime: { containers: [{ image: x }] }, steps: [{ run: "true" }] }',
      steps('host', run('true')),
    ),
  );
  expect(statuses(result)).toEqual({ pod: 'failed', host: 'success' });
  expect(taskOf(result, 'pod').error).toMatchObject({ code: 'unavailable' });
  expect(home.leftovers()).toEqual([]);
});

describeWith(['bwrap'], 'sandboxes', () => {
  it('[R19] a path that cannot be bound is no run at all', async () => {
    const home = await openRunHome();
    for (const [path, code] of [
      ['/nowhere/at/all', 'not_found'],
      [home.place, 'bad_input'],
    ] as const) {
      const settings = { sandbox: 'require' as const, bind: [path] };
      await expectCode(code, home.begin(runOf(steps('a', run('true'))), { settings }));
    }
    expect(home.leftovers()).toEqual([]);
  });
});

describeWith(['podman', 'busybox'], 'containers', () => {
  it('[R19] an image that is not there fails its task, not the others, and leaves nothing', async () => {
    const executors = [executor('host'), executor('pods', { type: 'podman' })];
    const home = await openRunHome({ executors, podman: process.env });
    const pod = (name: string, image: string) =>
      `{ name: ${name}, runtime: { containers: [{ image: "${image}" }] }, steps: [{ run: "echo pod > f" }, { save_to_workspace: { contents: [{}] } }] }`;
    const result = await home.start(
      runOf(
        pod('lost', 'localhost/strata-nothing:1'),
        pod('found', testImage()),
        reader('host', ['found'], 'cat f'),
      ),
    );
    expect(statuses(result)).toEqual({ lost: 'failed', found: 'success', host: 'success' });
    expect(taskOf(result, 'lost').error).toMatchObject({
      message: expect.stringContaining('strata-nothing'),
    });
    expect(await home.log(result.id, 'host')).toContain('pod\n');
    expect(home.leftovers()).toEqual([]);
  }, 60_000);

  it('[R24] of a process that died are ended also by one that is configured otherwise', async () => {
    const home = await openRunHome({ podman: process.env });
    const conductor = await home.begin(runOf(steps('a', run('true'))));
    const task = (await showRun(home.world, conductor.id)).tasks[0]!;
    const directory = attemptDirectory(home.world, conductor.id, task.id, 1);
    // As the other process has left it.
    const podman = await podmanExecutor({ environment: process.env });
    mkdirSync(directory, { recursive: true });
    const container = {
      environment: {},
      user: undefined,
      privileged: false,
      entrypoint: undefined,
      tmpfs: [],
    };
    await podman.place({ directory, containers: [{ image: testImage(), ...container }] });
    const running = () =>
      spawnSync('podman', ['ps', '--quiet', `--filter=label=strata.place=${directory}`]).stdout.toString();
    expect(running()).not.toBe('');
    await home.world.database.kysely
      .updateTable('runs')
      .set({ holder: thisProcess().replace(/-\d+-/, '-1-') })
      .where('id', '=', conductor.id)
      .execute();
    await cancelRun(home.world, conductor.id);
    expect(running()).toBe('');
    expect(home.leftovers()).toEqual([]);
  }, 60_000);
});

it('[R62] ten thousand tasks become a run and its rows in seconds', async () => {
  const home = await openRunHome();
  const text = JSON.stringify({
    runs: [
      {
        name: 'wide',
        tasks: Array.from({ length: 10_000 }, (_, at) => ({
          name: `t${at}`,
          depends: at < 100 ? [] : [`t${at - 100}`],
          when: { branch: 'none' },
        })),
      },
    ],
  });
  const began = Date.now();
  const result = await home.start(text);
  expect(result.result).toBe('success');
  expect(result.tasks.every(({ status }) => status === 'skipped')).toBe(true);
  expect(Math.max(...result.tasks.map(({ level }) => level))).toBe(99);
  expect(Date.now() - began).toBeLessThan(15_000);
}, 60_000);

it('[R62] a circle of five thousand is named, and is no run', async () => {
  const tasks = Array.from({ length: 5000 }, (_, at) => ({
    name: `t${at}`,
    depends: [`t${(at + 1) % 5000}`],
  }));
  const file = JSON.stringify({ runs: [{ name: 'r', tasks }] });
  const error: unknown = await prepareRun({ file, shown: 'x' }, undefined).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'bad_input', message: expect.stringMatching(/circle|cycle/) });
  expect((error as Error).message.length).toBeLessThan(10_000);
});
