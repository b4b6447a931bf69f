import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { makeDirectories } from './index.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-base-'));
afterAll(() => rmSync(base, { recursive: true }));

describe('directories', () => {
  it('[B8] that cannot be made are an error, also where Node would try for ever', () => {
    for (const path of ['/proc/nowhere', '/proc/nowhere/below'])
      expect(() => makeDirectories(path)).toThrow('ENOENT');
  });

  it('[B8] are made with those above them, for us alone', () => {
    for (const path of [
      join(base, 'a/b/c'),
      join(base, 'a/b/c'),
      join(base, 'a/d/'),
      relative('', join(base, 'r/s')),
    ])
      makeDirectories(path);
    for (const path of ['a', 'a/b', 'a/b/c', 'a/d', 'r', 'r/s'])
      expect([path, statSync(join(base, path)).mode & 0o777]).toEqual([path, 0o700]);
  });
});
