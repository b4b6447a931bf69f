import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { expectCode } from '../testing/expect-code.ts';
import { durableDirectories } from './durable.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-durable-'));
afterAll(() => rmSync(base, { recursive: true }));

function rooted(name: string): string {
  const root = join(base, name);
  for (const each of ['a', 'b', 'c']) mkdirSync(join(root, 'data', each), { recursive: true });
  return root;
}

it('[S21] from the second name on, one look and one sync are for all directories of a directory', async () => {
  const root = rooted('known');
  const directories = durableDirectories(root);
  await directories.make('data/a');
  await directories.make('data/b');
  // Nobody removes directories of a store; that it is not made again shows that it was seen.
  rmSync(join(root, 'data/c'), { recursive: true });
  await directories.make('data/c');
  expect(statSync(join(root, 'data/c'), { throwIfNoEntry: false })).toBeUndefined();
});

it('[S21] what was not there at the look is made, and a file in its place is told of', async () => {
  const root = rooted('new');
  writeFileSync(join(root, 'data/file'), '');
  const directories = durableDirectories(root);
  for (const name of ['data/a', 'data/b', 'data/d/e', 'index', 'data/a/f']) await directories.make(name);
  for (const name of ['data/d/e', 'index', 'data/a/f'])
    expect([name, statSync(join(root, name)).mode & 0o777]).toEqual([name, 0o700]);
  await expectCode('integrity', directories.make('data/file'));
});

it('[S21] who asks while a directory is being made durable waits for a sync that begins after that', async () => {
  const root = rooted('together');
  const directories = durableDirectories(root);
  const names = Array.from({ length: 40 }, (_, at) => `data/${at}/${at % 3}`);
  await Promise.all([...names, ...names].map((name) => directories.make(name)));
  for (const name of names) expect(statSync(join(root, name)).isDirectory()).toBe(true);
  await Promise.all(['data', 'data', 'data/1', 'data'].map((name) => directories.sync(name)));
  await expect(directories.sync('nowhere')).rejects.toMatchObject({ code: 'ENOENT' });
  mkdirSync(join(root, 'nowhere'));
  await directories.sync('nowhere');
});
