import { expect, it } from 'vitest';

import { capture, captureWorld } from './capture.fixture.ts';
import { progressText, withProgress } from './progress.ts';
import { Terminal } from './terminal.ts';
import type { GlobalFlags } from './world.ts';

async function watch(flags: GlobalFlags, isTTY: boolean, columns = 80): Promise<string> {
  let now = 1_000_000;
  const stderr = Object.assign(capture({ isTTY }), { columns });
  const world = captureWorld({ stderr, clock: () => now });
  const invocation = { world, words: [], flags, terminal: new Terminal(world, flags), exitCode: 0 };
  await withProgress(invocation, 'saving', async (onProgress) => {
    for (let files = 1; files <= 30; files++) {
      now += 10;
      onProgress?.({ files, bytes: files * 1_048_576 });
    }
  });
  return stderr.settled();
}

it('[C13] a terminal sees a line now and then, which is gone at the end', async () => {
  const lines = (await watch({}, true)).split('\r\x1b[K');
  expect(lines).toEqual(['', 'saving: 1 file, 1.0 MB, 100.0 MB/s', expect.anything(), expect.anything(), '']);
});

it('[C13] a terminal of no width gets the whole line', async () => {
  expect(await watch({}, true, 0)).toContain('100.0 MB/s\r');
});

it('[C13] a narrow terminal is not overrun', async () => {
  for (const line of (await watch({}, true, 20)).split('\r\x1b[K')) expect(line.length).toBeLessThan(20);
});

it.each([
  [{}, false],
  [{ json: true }, true],
  [{ quiet: true }, true],
])('[C13] nobody else sees any (%j, terminal: %s)', async (flags, isTTY) => {
  expect(await watch(flags, isTTY)).toBe('');
});

it('[C15] progress counts what it counts', () => {
  expect(progressText({ objects: 2, bytes: 10 }, 0)).toBe('2 objects, 10 B');
});
