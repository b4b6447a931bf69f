import { spawnSync } from 'node:child_process';
import { chmodSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { noise } from '../testing/noise.ts';
import { differsFromTree } from './differs.ts';
import { Remembering } from './remembering.fixture.ts';
import { restoreTree } from './restore.ts';
import { TICK_MS } from './tick.ts';
import { scratch, stagingIn } from './scratch.fixture.ts';

const name = fc.constantFrom('a', 'b', 'a.b', 'ü', '.c', 'z');

/** Something that is put somewhere, unless something else is there already. */
const thing = fc.record({
  path: fc.array(name, { minLength: 1, maxLength: 4 }),
  kind: fc.constantFrom('file', 'file', 'directory', 'link', 'long'),
  seed: fc.integer({ min: 1, max: 3 }),
  mode: fc.constantFrom(0o700, 0o755, 0o711),
  time: fc.integer({ min: 1, max: 3 }),
});

type Thing = typeof thing extends fc.Arbitrary<infer Value> ? Value : never;

function put(base: string, { path, kind, seed, mode, time }: Thing, odd = false): void {
  const place = join(base, ...path);
  try {
    mkdirSync(join(place, '..'), { recursive: true });
    if (kind === 'directory') mkdirSync(place);
    else if (kind === 'link') symlinkSync(`to ${seed}`, place);
    else if (odd && seed === 1) spawnSync('mkfifo', [place]);
    else writeFileSync(place, kind === 'long' ? noise(`${seed}`, 90_000) : `${seed}`, { flag: 'wx' });
    if (kind !== 'link') chmodSync(place, kind === 'directory' ? mode : mode & 0o666);
    lutimesSync(place, time, time);
  } catch {
    // Its name is taken, or leads through something else.
  }
}

const tree = fc.array(thing, { maxLength: 14 });

it('[K59] [K55] whatever was there, the target has the tree and nothing else, and the next save opens no file', async () => {
  const trees = { a: tree, b: tree, foreign: tree, isInPlace: fc.boolean(), sync: fc.boolean() };
  await fc.assert(
    fc.asyncProperty(fc.record(trees), async ({ a, b, foreign, isInPlace, sync }) => {
      const base = scratch();
      const saves = new Remembering();
      const roots = [];
      for (const [each, things] of Object.entries({ a, b })) {
        mkdirSync(join(base, each));
        for (const one of things) put(join(base, each), one);
        roots.push(await saves.save(join(base, each)));
        saves.records = undefined;
      }
      const target = join(base, 'target');
      const { source } = saves.content;
      if (isInPlace) mkdirSync(join(target, 'foreign'), { recursive: true });
      await restoreTree(source, roots[0]!, target, { overwrite: 'exact' });
      for (const one of foreign) put(target, one, true);
      await setTimeout(TICK_MS + 10);
      const { remembered, plan } = await saves.restore(target, roots[1]!, { overwrite: 'exact', sync });
      expect(differences(join(base, 'b'), target)).toEqual([]);
      const { files, directories, symlinks } = roots[1]!.tree.summary;
      expect(plan.added.count + plan.replaced.count + plan.unchanged).toBe(files + directories + symlinks);
      expect(stagingIn(target)).toEqual([]);
      expect(remembered).toBe(true);
      expect(await differsFromTree(source, roots[1]!, target)).toBe(false);
      expect(await saves.save(target)).toEqual(roots[1]);
      expect(saves.read).toBe(0);
      const again = await saves.restore(target, roots[1]!, { overwrite: 'exact', known: saves.records });
      expect(again.plan).toMatchObject({
        added: { count: 0 },
        replaced: { count: 0 },
        removed: { count: 0 },
      });
    }),
    { numRuns: 25 },
  );
}, 120_000);
