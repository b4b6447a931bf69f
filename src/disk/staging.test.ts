import { closeSync, existsSync, mkdirSync, openSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { thisProcess } from '../base/index.ts';
import { restoreTree } from './restore.ts';
import { save, scratch } from './scratch.fixture.ts';
import { leftBeside } from './staging.ts';

it('[K17] a restore sweeps up beside its target what a dead process left, and what one elsewhere did only after a day', async () => {
  const base = scratch();
  const from = join(base, 'from');
  mkdirSync(from);
  writeFileSync(join(from, 'file'), 'file');
  const { content, root } = await save(from);
  const [pid, started, machine, boot, namespace] = thisProcess().split('-');
  const leave = (holder: readonly (string | undefined)[]) => {
    const name = join(base, `.strata-restore-${holder.join('-')}-${'0'.repeat(16)}`);
    mkdirSync(name);
    writeFileSync(join(name, 'part'), 'part');
    return name;
  };
  const living = leave([pid, started, machine, boot, namespace]);
  const dead = leave(['999999999', '1', machine, boot, namespace]);
  const container = leave(['1', '1', machine, boot, '0'.repeat(8)]);
  const there = leave(['2', '1', '0'.repeat(8), boot, namespace]);
  // Its content has the times of what is restored.
  utimesSync(there, 0, 0);
  await restoreTree(content.source, root, join(base, 'target'));
  expect([living, dead, container, there].map((name) => existsSync(name))).toEqual([true, false, true, true]);
  const fd = openSync(base, 'r');
  try {
    const left = (later: number) =>
      leftBeside(fd, Date.now() + later).map(({ name }) => join(base, name.toString()));
    expect(left(0)).toEqual([]);
    expect(left(25 * 60 * 60 * 1000).sort()).toEqual([container, there].sort());
  } finally {
    closeSync(fd);
  }
});
