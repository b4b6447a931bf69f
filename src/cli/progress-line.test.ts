import { expect, it } from 'vitest';

import { capture, captureWorld } from './capture.fixture.ts';
import { progressLine } from './progress-line.ts';
import type { Counts, Pace, Total } from './progress-line.ts';
import { withProgress } from './progress.ts';
import { RecentRate } from './recent-rate.ts';
import { Terminal } from './terminal.ts';

const MB = 1024 * 1024;
const KNOWN: Total = { files: 1234, bytes: 800 * MB };
const GUESS: Total = { ...KNOWN, estimated: true };
const HALF = { files: 617, bytes: 400 * MB };
const PACE: Pace = { rate: 40 * MB, left: 10 };

it.each<[string, Counts, Pace, number, string]>([
  [
    'everything',
    { ...HALF, total: KNOWN },
    PACE,
    120,
    'saving:  50% [###############---------------] 617 of 1,234 files, 400.0 MB of 800.0 MB, 40.0 MB/s, 10 s left',
  ],
  [
    'a guess',
    { ...HALF, total: GUESS },
    PACE,
    120,
    'saving: ~50% [###############---------------] 617 of ~1,234 files, 400.0 MB of ~800.0 MB, 40.0 MB/s, ~10 s left',
  ],
  [
    'a common terminal',
    { ...HALF, total: KNOWN },
    PACE,
    79,
    'saving:  50% [##########----------] 400.0 MB of 800.0 MB, 40.0 MB/s, 10 s left',
  ],
  [
    'a narrow one',
    { ...HALF, total: KNOWN },
    PACE,
    59,
    'saving:  50% [#####-----] 400.0 MB of 800.0 MB, 10 s left',
  ],
  ['a narrower one', { ...HALF, total: KNOWN }, PACE, 40, 'saving:  50% [#####-----] 10 s left'],
  ['a sliver', { ...HALF, total: KNOWN }, PACE, 24, 'saving:  50% 10 s left'],
  ['next to nothing', { ...HALF, total: KNOWN }, PACE, 10, 'saving:  5'],
  [
    'nothing known of the pace',
    { files: 0, bytes: 0, total: KNOWN },
    { rate: undefined, left: undefined },
    70,
    'saving:   0% [--------------------] 0 of 1,234 files, 0 B of 800.0 MB',
  ],
  [
    'bytes of an archive, whose files nobody has counted',
    { files: 600, bytes: 400 * MB, total: { bytes: 800 * MB } },
    PACE,
    90,
    'saving:  50% [##########----------] 600 files, 400.0 MB of 800.0 MB, 40.0 MB/s, 10 s left',
  ],
  [
    'the end',
    { ...KNOWN, total: KNOWN },
    PACE,
    60,
    'saving: 100% [##########] 800.0 MB of 800.0 MB, 40.0 MB/s',
  ],
  [
    'more than there should be',
    { files: 1300, bytes: 900 * MB, total: KNOWN },
    PACE,
    44,
    'saving: 100% [####################]',
  ],
  [
    'more than was guessed',
    { files: 1300, bytes: 900 * MB, total: GUESS },
    PACE,
    44,
    'saving: ~99% [####################]',
  ],
  [
    'many small files',
    { files: 50, bytes: 0, total: { files: 100, bytes: 10 } },
    PACE,
    40,
    'saving:  49% [####------] 10 s left',
  ],
  [
    'one file',
    { files: 0, bytes: 1, total: { files: 1, bytes: 2 } },
    PACE,
    90,
    'saving:   0% [--------------------] 0 of 1 file, 1 B of 2 B, 40.0 MB/s, 10 s left',
  ],
  [
    'a total of nothing',
    { files: 1, bytes: 10, total: { files: 0, bytes: 0 } },
    PACE,
    80,
    'saving: 1 file, 10 B, 40.0 MB/s',
  ],
  ['no total', HALF, PACE, 80, 'saving: 617 files, 400.0 MB, 40.0 MB/s'],
])('[C25] %s', (_, counts, pace, width, line) => {
  expect(progressLine('saving', counts, pace, width)).toBe(line);
  expect(line.length).toBeLessThanOrEqual(width);
});

it.each([
  [0.2, '1 s left'],
  [11.1, '12 s left'],
  [59, '59 s left'],
  [75, '1 min left'],
  [185, '3 min left'],
  [3599, '1 h left'],
  [7500, '2 h 5 min left'],
])('[C25] %d seconds are %s', (left, text) => {
  const line = progressLine('saving', { ...HALF, total: KNOWN }, { rate: 1, left }, 30);
  expect(line).toBe(`saving:  50% ${text}`);
});

it('[C25] a rate is of the last seconds, and foretells nothing in the first', () => {
  const recent = new RecentRate(1000, 1);
  expect(recent.perSecond).toBeUndefined();
  recent.add(1500, [50]);
  expect([recent.perSecond, recent.isSettled]).toEqual([[100], false]);
  for (let at = 2000; at <= 11_000; at += 500) recent.add(at, [50 + (at - 1500) / 100]);
  expect([recent.perSecond, recent.isSettled]).toEqual([[10], true]);
  // Nobody reported for a while, and it was a slow while.
  recent.add(41_000, [145 + 30]);
  expect(recent.perSecond).toEqual([1]);
});

/** What a terminal shows while `counts` come, one in each half second. */
async function shown(columns: number, counts: readonly Counts[]): Promise<string[]> {
  let now = 1_000_000;
  const stderr = Object.assign(capture({ isTTY: true }), { columns });
  const world = captureWorld({ stderr, clock: () => now });
  const invocation = { world, words: [], flags: {}, terminal: new Terminal(world, {}), exitCode: 0 };
  await withProgress(invocation, 'restoring', async (onProgress) => {
    for (const each of counts) {
      now += 500;
      onProgress?.(each);
    }
  });
  return (await stderr.settled()).split('\r\x1b[K');
}

it('[C13] [C25] a bar fills, tells what remains once it can, and is gone at the end', async () => {
  const total = { files: 0, bytes: 100 * MB };
  const lines = await shown(
    60,
    [10, 20, 30, 100].map((part) => ({ files: 0, bytes: part * MB, total })),
  );
  expect(lines).toEqual([
    '',
    'restoring:  10% [#---------] 10.0 MB of 100.0 MB, 20.0 MB/s',
    'restoring:  20% [##--------] 20.0 MB of 100.0 MB, 4 s left',
    'restoring:  30% [###-------] 30.0 MB of 100.0 MB, 4 s left',
    'restoring: 100% [####################] 100.0 MB of 100.0 MB',
    '',
  ]);
});
