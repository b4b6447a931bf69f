import fc from 'fast-check';
import { expect, it } from 'vitest';

import { columnsOf, cut, oneLine, padded } from './columns.ts';
import { renderRun } from './run-view.ts';
import type { RunView, TaskView } from './run-view.ts';
import { NOW, run, task } from './run-view.fixture.ts';

const MB = 1024 * 1024;
const plain = { width: 80, now: NOW, paint: (_: string, text: string) => text };
const ok = (name: string, level = 0, ended = NOW - 1000) =>
  task(name, { status: 'success', level, started: NOW - 60_000, ended });

const SMALL = run([
  task('build-arm', {
    status: 'failed',
    started: NOW - 60_000,
    ended: NOW - 56_900,
    error: 'step `make` ended with exit code 2\nand more',
    restoredBytes: MB,
  }),
  task('build-x86', { status: 'success', started: NOW - 60_000, ended: NOW - 15_000, savedBytes: 4.2 * MB }),
  task('lint', { status: 'success', reused: true, started: NOW - 9e6, ended: NOW - 9e6 + 500 }),
  task('test-arm', { level: 1, status: 'skipped' }),
  task('test-x86', {
    level: 1,
    status: 'running',
    started: NOW - 15_750,
    executor: 'host',
    step: 'npm test',
    attempt: 2,
  }),
  task('deploy', { level: 2, waitingApproval: true }),
  task('tidy', { level: 3 }),
]);

it('[C40] a run is its tasks by level, with what they do and what became of them', () => {
  expect(renderRun(SMALL, { ...plain, width: 100 })).toEqual([
    'run 7 build: running for 1 min 20 s',
    '7 tasks: 2 success (1 reused), 1 running, 1 failed, 1 waiting for approval, 1 skipped, 1 to come',
    'level 0',
    '  ✗ build-arm       3.1 s  step `make` ended with exit code 2 and more, restored 1.0 MB',
    '  ✓ build-x86        45 s  saved 4.2 MB',
    '  ✓ lint            0.5 s  reused',
    'level 1',
    '  - test-arm',
    '  ● test-x86         16 s  attempt 2, npm test (host)',
    'level 2',
    '  ? deploy                 waiting for approval',
    'level 3',
    '  · tidy',
  ]);
});

it.each<[Partial<RunView>, string]>([
  [{ phase: 'queued', started: undefined }, 'run 7 build: queued'],
  [{ phase: 'running', result: 'failed' }, 'run 7 build: running for 1 min 20 s, failed already'],
  [{ phase: 'running', result: 'stopped' }, 'run 7 build: running for 1 min 20 s, stopping'],
  [{ phase: 'finished', result: 'success', ended: NOW - 78_800 }, 'run 7 build: success after 1.2 s'],
  [{ phase: 'setuperror', started: undefined }, 'run 7 build: setup error'],
  [{ orphaned: true }, 'run 7 build: interrupted'],
  [{ phase: 'queued', orphaned: true, started: undefined }, 'run 7 build: interrupted'],
  [{ phase: 'cancelled', started: undefined }, 'run 7 build: cancelled'],
  [{ started: NOW + 5000 }, 'run 7 build: running for 0 s'],
])('[C40] %j is told as %s', (more, line) => {
  expect(renderRun(run([], more), plain)).toEqual([line, '0 tasks']);
});

it('[C41] of many tasks those are shown that run, failed or wait, then the latest news', () => {
  const many = Array.from({ length: 5000 }, (_, n) => ok(`t${n}`, 0, NOW - 1000 - n));
  const late = Array.from({ length: 3000 }, (_, n) => task(`u${n}`, { level: 1 }));
  const tasks = [
    ...many.slice(0, 2500),
    task('bad', { status: 'failed', error: 'no' }),
    ...many.slice(2500),
    task('asks', { level: 1, waitingApproval: true }),
    ...late,
    task('runs', { level: 7, status: 'running', started: NOW }),
  ];
  expect(renderRun(run(tasks), { ...plain, height: 11 })).toEqual([
    'run 7 build: running for 1 min 20 s',
    expect.stringMatching(/^8,003 tasks: 5,000 success, 1 running, 1 failed, 1 waiting for approval/),
    'level 0',
    '  ✓ t0          59 s',
    '  ✓ t1          59 s',
    '  ✗ bad               no',
    'level 1',
    '  ? asks              waiting for approval',
    'level 7',
    '  ● runs         0 s',
    '  … and 7,998 tasks: 4,998 success, 3,000 to come',
  ]);
});

it('[C41] thousands of tasks are drawn in no time', () => {
  const tasks = Array.from({ length: 10_000 }, (_, n) => ok(`task-${n}`, Math.floor(n / 100), NOW - n));
  const began = performance.now();
  for (let n = 0; n < 10; n++) renderRun(run(tasks), { ...plain, height: 40 });
  expect((performance.now() - began) / 10).toBeLessThan(200);
});

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constantFrom(
    '\x1b[2J\x1b]0;x\x07',
    'a\r\nb',
    '日本語'.repeat(30),
    '👩‍👩‍👧'.repeat(9),
    '\u202e\u0300',
    '\t',
    '\x9b1A',
  ),
  fc.constant('x'.repeat(1_000_000)),
);
const anyTask: fc.Arbitrary<TaskView> = fc
  .record({
    name: hostile,
    level: fc.nat({ max: 3 }),
    status: fc.constantFrom(
      'notstarted',
      'skipped',
      'cancelled',
      'running',
      'stopped',
      'success',
      'failed' as const,
    ),
    waitingApproval: fc.boolean(),
    reused: fc.boolean(),
    attempt: fc.nat(),
    started: fc.option(fc.integer(), { nil: undefined }),
    ended: fc.option(fc.integer(), { nil: undefined }),
    step: fc.option(hostile, { nil: undefined }),
    error: fc.option(hostile, { nil: undefined }),
    executor: fc.option(hostile, { nil: undefined }),
    savedBytes: fc.nat(),
    restoredBytes: fc.nat(),
  })
  .map((each) => each);

it('[C8] [C42] whatever the names say, nothing is wider or higher than it may be, or moves the cursor', () => {
  const sizes = fc.record({ width: fc.nat({ max: 120 }), height: fc.nat({ max: 30 }) });
  fc.assert(
    fc.property(fc.array(anyTask, { maxLength: 12 }), hostile, sizes, (tasks, name, size) => {
      const lines = renderRun(
        run(
          tasks.sort((a, b) => a.level - b.level),
          { name, id: name },
        ),
        {
          ...plain,
          ...size,
        },
      );
      expect(lines.length).toBeLessThanOrEqual(size.height);
      for (const line of lines) {
        expect(columnsOf(line)).toBeLessThanOrEqual(size.width);
        expect(line).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      }
    }),
    { numRuns: 500 },
  );
});

it('[C14] colors are around the mark, and where there are none nothing is', () => {
  const painted = renderRun(SMALL, { ...plain, paint: (color, text) => `<${color}>${text}</>` });
  expect(painted[0]).toBe('<bold>run 7 build: running for 1 min 20 s</>');
  expect(painted[3]).toMatch(/^ {2}<red>✗<\/> build-arm/);
  expect(painted.map((line) => line.replace(/<[^<>]*>/g, ''))).toEqual(renderRun(SMALL, plain));
});

it('[C14] why a task was skipped is dim, also where there is little room', () => {
  const skipped = run([task('deploy', { status: 'skipped', skipped: 'test\nfailed' })]);
  const painted = (width: number) =>
    renderRun(skipped, { ...plain, width, paint: (color, text) => `<${color}>${text}</>` })[2];
  expect(painted(80)).toBe(`  - deploy${' '.repeat(14)}<dim>test failed</>`);
  expect(painted(28)).toBe(`  - deploy${' '.repeat(14)}<dim>tes…</>`);
  expect(painted(9)).toBe('  - de… …');
});

it.each([
  ['', 5, ''],
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['日本', 4, '日本'],
  ['日本語', 5, '日本…'],
  ['日本語', 4, '日…'],
  ['abc', 1, '…'],
  ['abc', 0, ''],
  ['abc', -3, ''],
])('[C42] %j in %d columns is %j', (text, columns, shown) => {
  expect(cut(text, columns)).toBe(shown);
  expect(columnsOf(padded(shown, 6))).toBe(6);
});

it('[C8] a text of several lines is one', () => {
  expect(oneLine(' a\nb\x1b\t ')).toBe('a b\\x1b');
});
