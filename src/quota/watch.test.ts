import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

import { expectSoon } from './quota.contract.ts';
import { watch } from './watch.ts';

const MIB = 2 ** 20;
const LIMIT = 8 * MIB;

function newBase(): string {
  const base = mkdtempSync(join(tmpdir(), 'strata-watch-'));
  onTestFinished(() => rmSync(base, { recursive: true, force: true }));
  return base;
}

it('[Q40] writers stand still while it is counted; others that fill the disk end in no alarm', async () => {
  const base = newBase();
  const held = await watch.open(join(base, 'place'), LIMIT);
  const calls: string[] = [];
  const writers = { stop: () => void calls.push('stop'), goOn: () => void calls.push('go on') };
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  let over = false;
  const exceeded = held.exceeded(ending.signal, writers).then(() => (over = true));

  const other = openSync(join(base, 'other'), 'w');
  await expectSoon(async () => {
    writeSync(other, new Uint8Array(LIMIT));
    return calls.includes('go on');
  });
  closeSync(other);
  expect(over).toBe(false);

  writeFileSync(join(held.directory, 'big'), new Uint8Array(LIMIT + 1));
  await exceeded;
  // Each time they went on, but for the last.
  expect(calls).toEqual([...calls.slice(0, -1).map((_, at) => (at % 2 === 0 ? 'stop' : 'go on')), 'stop']);
});

it('[Q42] what was over the limit before is no alarm; more of it is, and what was deleted does not count again', async () => {
  const base = newBase();
  const { directory } = await watch.open(join(base, 'place'), 4 * LIMIT);
  const fill = (name: string, bytes: number) => writeFileSync(join(directory, name), new Uint8Array(bytes));
  for (const name of ['one', 'two', 'three']) fill(name, LIMIT);

  const held = await watch.open(join(base, 'place'), LIMIT);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  let counts = 0;
  const writers = { stop: () => undefined, goOn: () => void counts++ };
  let over = false;
  const exceeded = held.exceeded(ending.signal, writers).then(() => (over = true));
  // What others write makes it count, once for sure after the deletion.
  const other = openSync(join(base, 'other'), 'w');
  const counted = async () => {
    const before = counts;
    await expectSoon(async () => {
      writeSync(other, new Uint8Array(LIMIT));
      return counts > before;
    });
  };
  await counted();
  rmSync(join(directory, 'three'));
  await counted();
  await counted();
  closeSync(other);
  expect([over, await held.isFull()]).toEqual([false, true]);

  // As much as there was at first, and more than there was last.
  fill('four', LIMIT);
  await exceeded;
});

it('[Q42] also for who cannot be stopped for a moment', async () => {
  const held = await watch.open(join(newBase(), 'place'), LIMIT);
  const exceeded = held.exceeded(new AbortController().signal);
  writeFileSync(join(held.directory, 'big'), new Uint8Array(LIMIT + 1));
  await exceeded;
  expect(await held.isFull()).toBe(true);
});

it('[Q41] files that wait beside the directory, to take its place, count', async () => {
  const held = await watch.open(join(newBase(), 'place'), LIMIT);
  writeFileSync(join(held.directory, '..', 'next'), new Uint8Array(LIMIT));
  expect(await held.used()).toBeGreaterThanOrEqual(LIMIT);
});
