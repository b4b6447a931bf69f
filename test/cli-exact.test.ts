import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';

import { openCommandLine } from './command-line.fixture.ts';

const { base, strata, answer, failure, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

it('[C39] restore that leaves nothing else', () => {
  write('tree/a.txt', 'first\n');
  write('tree/old', 'to be removed');
  write('tree/sub/b.txt', 'b');
  strata('workspaces', 'save', 'tree', '-w', 'web');
  write('tree/a.txt', 'second\n');
  write('tree/new/c.txt', 'new');
  rmSync(join(base, 'tree', 'old'));
  strata('workspaces', 'save', 'tree', '-w', 'web');
  strata('workspaces', 'restore', 'web@2', 'exact');
  for (const name of ['foreign', 'new/foreign']) mkdirSync(join(base, 'exact', name));
  const dry = strata('workspaces', 'restore', 'web@1', 'exact', '--exact', '--dry-run');
  expect(dry.stdout).toBe(
    '+ old\n~ a.txt\n- foreign\n- new\n- new/c.txt\n- new/foreign\n' +
      'would add 1, replace 1, remove 4, leave 2 as they are\n',
  );
  expect(failure('workspaces', 'restore', 'web', 'exact', '--exact', '--path', 'sub').code).toBe('bad_input');
  expect(existsSync(join(base, 'exact/foreign'))).toBe(true);
  const { stdout } = strata('workspaces', 'restore', 'web@1', 'exact', '--exact');
  expect(stdout).toMatch(/\n {2}removed 4 that it does not have\n$/);
  expect(answer('workspaces', 'restore', 'web@2', 'exact', '--exact', '--overwrite')).toMatchObject({
    plan: { added: { count: 2 }, removed: { count: 1, paths: [{ path: 'old' }] } },
  });
  mkdirSync(join(base, 'exact', 'more'));
  expect(answer('workspaces', 'restore', 'web@2', 'exact', '--exact')).toMatchObject({
    plan: { removed: { count: 1, paths: [{ path: 'more' }] } },
  });
}, 120_000);
