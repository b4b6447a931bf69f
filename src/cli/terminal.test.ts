import { expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { capture, captureWorld } from './capture.fixture.ts';
import { Terminal } from './terminal.ts';

async function* numbers(count: number, seen: { made: number } = { made: 0 }): AsyncGenerator<number, void> {
  for (let n = 0; n < count; n++) {
    seen.made = n;
    yield n;
  }
}
const toObject = (n: number) => ({ n });
const toLine = (n: number) => `line ${n}`;

it.each([
  [0, '{"all":[\n]}\n'],
  [1, '{"all":[\n{"n":0}\n]}\n'],
  [2, '{"all":[\n{"n":0},\n{"n":1}\n]}\n'],
])('[C6] %d items are one object', async (count, text) => {
  const world = captureWorld();
  await new Terminal(world, { json: true }).items('all', numbers(count), toObject, toLine);
  expect(world.stdout.text()).toBe(text);
});

it('[C6] items that fail at once leave stdout empty', async () => {
  const world = captureWorld();
  // oxlint-disable-next-line require-yield
  const failing = (async function* (): AsyncGenerator<number, void> {
    throw new Error('planted');
  })();
  await expect(new Terminal(world, { json: true }).items('all', failing, toObject, toLine)).rejects.toThrow(
    'planted',
  );
  expect(world.stdout.text()).toBe('');
});

it('[C9] nobody makes items faster than they are read', async () => {
  const stdout = capture();
  const seen = { made: 0 };
  const items = new Terminal(captureWorld({ stdout }), {}).items(
    'all',
    numbers(100_000, seen),
    toObject,
    toLine,
  );
  stdout.cork();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen.made).toBeLessThan(10_000);
  stdout.uncork();
  const unstopped = setInterval(() => stdout.uncork(), 1);
  await items;
  clearInterval(unstopped);
  expect(stdout.text().split('\n').length).toBe(100_001);
});

it.each([true, false])('[C9] items end quietly when nobody reads (json: %s)', async (json) => {
  const stdout = capture({ failure: 'EPIPE', after: 1 });
  const seen = { made: 0 };
  const terminal = new Terminal(captureWorld({ stdout }), { json });
  await terminal.items('all', numbers(100_000, seen), toObject, toLine);
  expect(seen.made).toBeLessThan(20_000);
  expect(await terminal.write('more')).toBe(false);
});

it('[C10] a full disk is an error', async () => {
  const stdout = capture({ failure: 'ENOSPC' });
  await expectCode('disk_full', new Terminal(captureWorld({ stdout }), {}).write('text'));
});

it('[C9] at a terminal each line is there at once', async () => {
  const stdout = capture({ isTTY: true });
  const lines: string[] = [];
  const watched = (async function* () {
    for await (const n of numbers(3)) {
      lines.push(stdout.text());
      yield n;
    }
  })();
  await new Terminal(captureWorld({ stdout }), {}).items('all', watched, toObject, toLine);
  expect(lines.at(-1)).toBe('line 0\nline 1\n');
});

it.each([
  ['a terminal', true, {}, {}, true],
  ['a pipe', false, {}, {}, false],
  ['--no-color', true, { color: false }, {}, false],
  ['NO_COLOR', true, {}, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', true, {}, { NO_COLOR: '' }, true],
  ['a dumb terminal', true, {}, { TERM: 'dumb' }, false],
])('[C14] colors: %s', (_, isTTY, flags, env, colored) => {
  const terminal = new Terminal(captureWorld({ stdout: capture({ isTTY }), env }), flags);
  expect(terminal.paint('red', 'x')).toBe(colored ? '\x1b[31mx\x1b[39m' : 'x');
});

it.each([
  [{}, 'note: n\nwarning: w\n'],
  [{ json: true }, 'note: n\n'],
  [{ quiet: true }, 'note: n\n'],
])('[C12] with %j stderr has %j', async (flags, text) => {
  const world = captureWorld();
  const terminal = new Terminal(world, flags);
  terminal.note('n');
  terminal.warn('w');
  expect(await world.stderr.settled()).toBe(text);
});

it('[C62] what goes to stderr waits for its reader too, and hears when there is none', async () => {
  const stderr = capture({ failure: 'EPIPE', after: 1 });
  const world = captureWorld({ stderr });
  const terminal = new Terminal(world, {});
  expect(await terminal.write(Buffer.from([0xff, 0]), 'stderr')).toBe(true);
  expect(await terminal.write('more', 'stderr')).toBe(false);
  expect(await terminal.write('more', 'stderr')).toBe(false);
  // The other one is read.
  expect(await terminal.write('out')).toBe(true);
  expect(world.stdout.text()).toBe('out');
  const full = captureWorld({ stderr: capture({ failure: 'ENOSPC' }) });
  await expectCode('disk_full', new Terminal(full, {}).write('x', 'stderr'));
});
