import fc from 'fast-check';
import { expect, it } from 'vitest';

import { capture, captureWorld } from './capture.fixture.ts';
import type { Capture } from './capture.fixture.ts';
import { liveRun, newsOf } from './live.ts';
import type { RunView } from './run-view.ts';
import { NOW, run, task } from './run-view.fixture.ts';
import { Screen } from './screen.fixture.ts';
import { Terminal } from './terminal.ts';
import type { GlobalFlags } from './world.ts';

function begin(stderr: Capture, flags: GlobalFlags = {}, clock = () => NOW) {
  const world = captureWorld({ stderr, clock });
  return { world, words: [], flags, terminal: new Terminal(world, flags), exitCode: 0 };
}

const running = (name: string) => task(name, { status: 'running', started: NOW - 3000, executor: 'host' });
const done = (name: string) => task(name, { status: 'success', started: NOW - 3000, ended: NOW - 1000 });

it('[C43] a picture is drawn over, at most ten times a second, and nothing of it is left', async () => {
  let now = NOW;
  const stderr = Object.assign(capture({ isTTY: true }), { columns: 60, rows: 10 });
  const invocation = begin(stderr, { color: false }, () => now);
  const screen = new Screen(60, 10, ['$ strata runs start']);
  const live = liveRun(invocation);
  live.show(run([running('a'), task('b', { level: 1 })]));
  screen.write(await stderr.settled());
  expect(screen.text().slice(1)).toEqual([
    'run 7 build: running for 1 min 20 s',
    '2 tasks: 1 running, 1 to come',
    'level 0',
    '  ● a         3 s  (host)',
    'level 1',
    '  · b',
  ]);
  const first = (await stderr.settled()).length;
  now += 50;
  live.show(run([done('a')]));
  expect((await stderr.settled()).length).toBe(first);
  now += 50;
  live.show(run([done('a')]));
  screen.write((await stderr.settled()).slice(first));
  expect(screen.text().slice(1)).toEqual([
    'run 7 build: running for 1 min 20 s',
    '1 task: 1 success',
    '  ✓ a       2.0 s',
  ]);
  const second = (await stderr.settled()).length;
  live[Symbol.dispose]();
  screen.write((await stderr.settled()).slice(second));
  expect(screen.text()).toEqual(['$ strata runs start']);
});

it('[C43] the end is drawn at once', async () => {
  const stderr = Object.assign(capture({ isTTY: true }), { columns: 60, rows: 10 });
  using live = liveRun(begin(stderr));
  live.show(run([]));
  live.show(run([], { phase: 'finished', result: 'success', ended: NOW }));
  expect(await stderr.settled()).toContain('success after');
});

it('[C43] a line of somebody else stands above the picture', async () => {
  const stderr = Object.assign(capture({ isTTY: true }), { columns: 60, rows: 10 });
  let now = NOW;
  const invocation = begin(stderr, {}, () => now);
  const screen = new Screen(60, 10, []);
  using live = liveRun(invocation);
  live.show(run([running('a')]));
  live.clear();
  invocation.terminal.note('something');
  now += 200;
  live.show(run([running('a')]));
  screen.write((await stderr.settled()).replaceAll('\n', '\r\n'));
  expect(screen.text()[0]).toBe('note: something');
  expect(screen.text()).toHaveLength(4);
});

it('[C43] who is told that it stops reads it above the picture, of which nothing else stays', async () => {
  const stderr = Object.assign(capture({ isTTY: true }), { columns: 60, rows: 10 });
  const stop = new AbortController();
  let now = NOW;
  const world = captureWorld({ stderr, clock: () => now, signal: stop.signal });
  const screen = new Screen(60, 10, []);
  const live = liveRun({ world, words: [], flags: {}, terminal: new Terminal(world, {}), exitCode: 0 });
  live.show(run([running('a')]));
  stop.abort();
  // As the process does on the first signal.
  stderr.write('\r\x1b[Kstopping\n');
  now += 200;
  live.show(run([running('a')]));
  const shown = (await stderr.settled()).replaceAll('\n', '\r\n');
  screen.write(shown);
  expect(screen.text()).toEqual([
    'stopping',
    'run 7 build: running for 1 min 20 s',
    ...screen.text().slice(2),
  ]);
  expect(screen.text()).toHaveLength(4);
  live[Symbol.dispose]();
  screen.write((await stderr.settled()).replaceAll('\n', '\r\n').slice(shown.length));
  expect(screen.text()).toEqual(['stopping']);
});

it('[C43] random runs on a terminal of changing size leave what was there before, and nothing else', async () => {
  const frames = fc.array(
    fc.record({
      tasks: fc.nat({ max: 30 }),
      name: fc.constantFrom('a', 'a-long-name-of-a-task', '日本語の長い名前', 'x'.repeat(300), '\x1b[2J\n'),
      columns: fc.integer({ min: 40, max: 100 }),
      rows: fc.integer({ min: 20, max: 30 }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(frames, fc.boolean(), async (all, narrows) => {
      let now = NOW;
      const stderr = Object.assign(capture({ isTTY: true }), { columns: 80, rows: 20 });
      const screen = new Screen(80, 20, ['before', 'the run']);
      let written = 0;
      const catchUp = async () => {
        const text = await stderr.settled();
        screen.write(text.slice(written));
        written = text.length;
      };
      const live = liveRun(begin(stderr, {}, () => now));
      for (const { tasks: many, name, columns: other, rows } of all) {
        now += 1000;
        // A picture that wrapped out at the top is out of reach, for everybody.
        const [columns, tasks] = narrows ? [other, many % 5] : [80, many];
        live.show(run(Array.from({ length: tasks }, (_, n) => running(`${name}${n}`))));
        await catchUp();
        expect(screen.text()[2]).toMatch(/^run 7 build/);
        expect(screen.text().length).toBeLessThanOrEqual(2 + Math.min(2 + tasks, stderr.rows - 1));
        Object.assign(stderr, { columns, rows: Math.max(rows, stderr.rows) });
        screen.resize(columns, stderr.rows);
      }
      live[Symbol.dispose]();
      await catchUp();
      expect(screen.text()).toEqual(['before', 'the run']);
    }),
    { numRuns: 150 },
  );
});

it('[C43] a terminal that does not read is not sent one picture after the other', async () => {
  let now = NOW;
  const stderr = Object.assign(capture({ isTTY: true }), { columns: 100, rows: 50 });
  stderr.cork();
  const live = liveRun(begin(stderr, {}, () => now));
  for (let n = 0; n < 1000; n++) {
    now += 1000;
    live.show(run(Array.from({ length: 40 }, (_, each) => running(`task-${each}`))));
  }
  expect(stderr.writableLength).toBeLessThan(100_000);
  live[Symbol.dispose]();
  stderr.uncork();
  expect((await stderr.settled()).length).toBeLessThan(100_000);
});

it.each([{ json: true }, { quiet: true }])('[C44] with %j nobody sees anything', async (flags) => {
  for (const isTTY of [true, false]) {
    const stderr = capture({ isTTY });
    const live = liveRun(begin(stderr, flags));
    live.show(run([running('a')]));
    live.clear();
    live[Symbol.dispose]();
    expect(await stderr.settled()).toBe('');
  }
});

it('[C44] who has no terminal gets a line whenever a task starts or ends', async () => {
  const stderr = capture();
  using live = liveRun(begin(stderr));
  const steps: RunView[] = [
    run([running('a'), task('b')]),
    run([{ ...running('a'), step: 'another' }, task('b')]),
    run([{ ...done('a'), savedBytes: 1024 }, task('b', { waitingApproval: true })]),
    run([done('a'), task('b', { status: 'failed', started: NOW - 1000, ended: NOW, error: 'no\x1b' })]),
    run([done('a'), task('b', { status: 'failed', started: NOW - 1000, ended: NOW, error: 'no\x1b' })]),
  ];
  for (const step of steps) live.show(step);
  expect(await stderr.settled()).toBe(
    [
      'run build 7 started',
      'a: started on host',
      'a: success after 2.0 s, saved 1.0 KB',
      'b: waiting for approval: strata runs approve 7 b',
      'b: failed after 1.0 s, no\\x1b',
      '',
    ].join('\n'),
  );
});

it('[C44] what was reused from the start is news once', () => {
  const reused = [{ ...done('a'), reused: true }];
  expect(newsOf([], run(reused), NOW)).toEqual(['a: success after 2.0 s, reused']);
  expect(newsOf(reused, run(reused), NOW)).toEqual([]);
});
