import { existsSync, mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { thisProcess } from '../base/index.ts';
import { restoreTree } from './restore.ts';
import { save, scratch } from './scratch.fixture.ts';

it('[K17] a restore sweeps up beside its target what a dead process left, and what one elsewhere did only after a day', async () => {
  const base = scratch();
  const from = join(base, 'from');
  mkdirSync(from);
  writeFileSync(join(from, 'file'), 'file');
  const { content, root } = await save(from);
  const [pid, started, machine, boot, container] = thisProcess().split('-');
  const left = (holder: readonly (string | undefined)[]) => {
    const name = join(base, `.strata-restore-${holder.join('-')}-${'0'.repeat(16)}`);
    mkdirSync(name);
    writeFileSync(join(name, 'part'), 'part');
    return name;
  };
  const living = left([pid, started, machine, boot, container]);
  const dead = left(['999999999', '1', machine, boot, container]);
  const recent = left(['1', '1', machine, boot, '0'.repeat(8)]);
  const old = left(['2', '1', '0'.repeat(8), boot, container]);
  const before = Date.now() / 1000 - 25 * 60 * 60;
  utimesSync(old, before, before);
  await restoreTree(content.source, root, join(base, 'target'));
  expect([living, dead, recent, old].map((name) => existsSync(name))).toEqual([true, false, true, false]);
});
