import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { thrownBy } from '../testing/expect-code.ts';
import { durableDirectories } from './durable.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-durable-'));
afterAll(() => rmSync(base, { recursive: true }));

function rooted(name: string): string {
  const root = join(base, name);
  for (const each of ['a', 'b', 'c']) mkdirSync(join(root, 'data', each), { recursive: true });
  return root;
}

it('[S21] from the second name on, one look and one sync are for all directories of a directory', () => {
  const root = rooted('known');
  const directories = durableDirectories(root);
  directories.make('data/a');
  directories.make('data/b');
  // Nobody removes directories of a store; that it is not made again shows that it was seen.
  rmSync(join(root, 'data/c'), { recursive: true });
  directories.make('data/c');
  expect(statSync(join(root, 'data/c'), { throwIfNoEntry: false })).toBeUndefined();
});

it('[S21] what was not there at the look is made, and a file in its place is told of', () => {
  const root = rooted('new');
  writeFileSync(join(root, 'data/file'), '');
  const directories = durableDirectories(root);
  for (const name of ['data/a', 'data/b', 'data/d/e', 'index', 'data/a/f']) directories.make(name);
  for (const name of ['data/d/e', 'index', 'data/a/f'])
    expect([name, statSync(join(root, name)).mode & 0o777]).toEqual([name, 0o700]);
  expect(thrownBy(() => directories.make('data/file'))).toMatchObject({ code: 'integrity' });
});
