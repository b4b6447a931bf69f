import { closeSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { openDirectory } from './at.ts';
import { saveInBlocks } from './blocks.fixture.ts';
import { setLooks } from './looks.ts';
import { OffLimits } from './off-limits.ts';
import { Pace } from './pace.ts';
import { restoreTree } from './restore.ts';
import { scratch } from './scratch.fixture.ts';
import { prepareStage } from './stage.ts';
import { ThreadedRuns } from './threaded-runs.ts';

/** Several runs, so that each of two threads has one. */
function makeTree(from: string): void {
  mkdirSync(from);
  for (const name of ['a', 'b', 'c', 'd']) writeFileSync(join(from, name), noise(name, 5 * 1024 * 1024));
}

describe('threads', () => {
  it('[K46] write nothing more when one of them has failed', async () => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const saved = await saveInBlocks(join(base, 'from'));
    const crew = { threads: 2, module: new URL('straggling-thread.fixture.ts', import.meta.url) };
    await expectCode('internal', restoreTree(saved.source, saved.root, join(base, 'new', 'to'), { crew }));
    mkdirSync(join(base, 'used', 'mine'), { recursive: true });
    const options = { crew, overwrite: true };
    await expectCode('internal', restoreTree(saved.source, saved.root, join(base, 'used'), options));
    await setTimeout(700);
    expect(readdirSync(base).sort()).toEqual(['from', 'used']);
    expect(readdirSync(join(base, 'used'))).toEqual(['mine']);
  });

  it.each([true, false])('[K46] of a first writing are not those of a second (helped: %j)', async (helps) => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const { source, root } = await saveInBlocks(join(base, 'from'));
    const pace = new Pace({});
    await using ahead = new ThreadedRuns({ threads: 2, helps });
    const rest = { offLimits: new OffLimits([]), sync: false, dryRun: false, crew: { threads: 2 } };
    const stage = await prepareStage(
      { source, tree: root.tree, only: undefined, signal: undefined },
      undefined,
      {
        ...rest,
        pace,
        ahead,
        summary: root.tree.summary,
      },
    );
    for (const name of ['one', 'two']) {
      mkdirSync(join(base, name));
      const fd = openDirectory(join(base, name));
      await stage.write(fd, undefined);
      setLooks(fd, root, false);
      closeSync(fd);
      expect(differences(join(base, 'from'), join(base, name))).toEqual([]);
    }
    expect(pace.files).toBe(root.tree.summary.files);
  });
});
