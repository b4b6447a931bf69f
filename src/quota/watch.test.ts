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

it('[Q40] what is over the limit already is told at once, also without writers', async () => {
  const held = await watch.open(join(newBase(), 'place'), LIMIT);
  writeFileSync(join(held.directory, 'big'), new Uint8Array(LIMIT + 1));
  await held.exceeded(new AbortController().signal);
  expect(await held.isFull()).toBe(true);
});

it('[Q41] files that wait beside the directory, to take its place, count', async () => {
  const held = await watch.open(join(newBase(), 'place'), LIMIT);
  writeFileSync(join(held.directory, '..', 'next'), new Uint8Array(LIMIT));
  expect(await held.used()).toBeGreaterThanOrEqual(LIMIT);
});
