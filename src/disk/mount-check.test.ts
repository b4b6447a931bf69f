import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { elsewhere } from './mount-check.ts';
import { scratch } from './scratch.fixture.ts';

it('[K58] a directory of another device is elsewhere, though nothing is mounted below', () => {
  const base = scratch();
  mkdirSync(join(base, 'below'));
  const [target, below, other] = [base, join(base, 'below'), '/proc'].map((path) => openSync(path, 'r'));
  try {
    const isElsewhere = elsewhere(target!);
    expect([target!, below!, other!].map(isElsewhere)).toEqual([false, false, true]);
    // The root has mounts below.
    const root = openSync('/', 'r');
    expect([root, other!].map(elsewhere(root))).toEqual([false, true]);
    closeSync(root);
  } finally {
    for (const fd of [target!, below!, other!]) closeSync(fd);
  }
});
