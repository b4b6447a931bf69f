import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';

import { StrataError } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { addSpecialFiles, makeOddTree, noise } from '../testing/odd-tree.ts';
import { parsePath } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import type { RestoreOptions } from './restore.ts';
import { save, scratch, stagingIn, state } from './scratch.fixture.ts';
import type { Saved } from './scratch.fixture.ts';
import { tallyDetails } from './tally.ts';

let base: string;
let from: string;
let target: string;
let saved: Saved;

/** a/file, a/link → file, b/c/deep, top */
beforeEach(async () => {
  base = scratch();
  from = join(base, 'from');
  target = join(base, 'target');
  mkdirSync(join(from, 'a'), { recursive: true });
  mkdirSync(join(from, 'b', 'c'), { recursive: true });
  writeFileSync(join(from, 'a', 'file'), 'file in a');
  symlinkSync('file', join(from, 'a', 'link'));
  writeFileSync(join(from, 'b', 'c', 'deep'), noise(300_000));
  writeFileSync(join(from, 'top'), 'top');
  chmodSync(join(from, 'b', 'c'), 0o511);
  saved = await save(from);
});

function restore(options?: RestoreOptions): ReturnType<typeof restoreTree> {
  return restoreTree(saved.content.source, saved.root, target, { overwrite: 'exact', ...options });
}

function same(): void {
  expect(differences(from, target)).toEqual([]);
}

describe('a target that is to be exactly the tree', () => {
  it('[K59] loses what the tree does not have, whatever that is', async () => {
    await restore();
    same();
    chmodSync(join(target, 'b', 'c'), 0o711);
    await addSpecialFiles(target);
    await addSpecialFiles(join(target, 'b', 'c'));
    mkdirSync(join(target, 'a', 'old', 'er'), { recursive: true });
    for (const path of ['a/old/er/x', 'a/old/y', '.z', 'b/c/deeper']) writeFileSync(join(target, path), path);
    symlinkSync(from, join(target, 'b', 'way out'));
    chmodSync(join(target, 'a', 'old'), 0);
    utimesSync(join(target, 'b'), 1, 1);
    const { ino, ctimeMs } = lstatSync(join(target, 'b', 'c', 'deep'));
    const { plan } = await restore();
    same();
    expect(lstatSync(join(target, 'b', 'c', 'deep'))).toMatchObject({ ino, ctimeMs });
    expect(plan).toMatchObject({ added: { count: 0 }, replaced: { count: 0 }, unchanged: 7 });
    const paths = ['a/old', 'a/old/er', 'a/old/er/x', 'a/old/y', 'b/way out', '.z', 'b/c/deeper'];
    expect(tallyDetails(plan.removed).paths).toEqual(expect.arrayContaining(paths));
    expect(existsSync(join(from, 'top'))).toBe(true);
    expect((await restore()).plan.removed).toEqual({ count: 0, paths: [] });
  });

  it('[K59] gets what is of another kind replaced, both ways', async () => {
    mkdirSync(join(target, 'top', 'below'), { recursive: true });
    writeFileSync(join(target, 'top', 'below', 'x'), 'x');
    mkdirSync(join(target, 'a', 'link'), { recursive: true });
    spawnSync('mkfifo', [join(target, 'a', 'file')]);
    symlinkSync('/tmp', join(target, 'b'));
    const before = state(target);
    const dry = await restore({ dryRun: true });
    expect(state(target)).toBe(before);
    expect(tallyDetails(dry.plan.replaced).paths).toEqual(['a/file', 'a/link', 'b', 'top']);
    expect(tallyDetails(dry.plan.added).paths).toEqual(['b/c', 'b/c/deep']);
    expect(tallyDetails(dry.plan.removed).paths).toEqual(['top/below', 'top/below/x']);
    expect((await restore()).plan).toEqual(dry.plan);
    same();
    mkdirSync(join(base, 'was', 'a', 'file'), { recursive: true });
    writeFileSync(join(base, 'was', 'b'), 'b');
    chmodSync(join(base, 'was', 'a', 'file'), 0o511);
    from = join(base, 'was');
    saved = await save(from);
    await restore();
    same();
  });

  it('[K59] may be new, empty, or where the process works', async () => {
    expect((await restore()).plan).toMatchObject({ added: { count: 7 }, removed: { count: 0 } });
    target = join(base, 'empty');
    mkdirSync(target);
    await restore();
    same();
    const before = process.cwd();
    target = join(base, 'here');
    mkdirSync(join(target, 'mine'), { recursive: true });
    process.chdir(target);
    onTestFinished(() => process.chdir(before));
    // Not as `.`: a test that is given up is back in the checkout before the restore looks where it is.
    await restore();
    same();
  });

  it('[K59] loses neither what links lead to nor other names of a file', async () => {
    const outside = join(base, 'outside');
    mkdirSync(join(outside, 'd'), { recursive: true });
    writeFileSync(join(outside, 'd', 'f'), 'theirs');
    mkdirSync(join(target, 'foreign'), { recursive: true });
    symlinkSync(outside, join(target, 'foreign', 'link'));
    symlinkSync(join(outside, 'd'), join(target, 'a'));
    linkSync(join(outside, 'd', 'f'), join(target, 'top'));
    linkSync(join(outside, 'd', 'f'), join(target, 'foreign', 'f'));
    await restore();
    same();
    expect(readFileSync(join(outside, 'd', 'f'), 'utf8')).toBe('theirs');
    expect(readdirSync(join(outside, 'd'))).toEqual(['f']);
  });

  it('[K60] has all that it had after an error before the end', async () => {
    mkdirSync(join(target, 'top', 'below'), { recursive: true });
    writeFileSync(join(target, 'foreign'), 'x');
    const before = state(target);
    saved.content.chunks.delete([...saved.content.chunks.keys()].at(-1)!);
    await expectCode('integrity', restore());
    expect(state(target)).toBe(before);
    const stop = new AbortController();
    const { source } = (saved = await save(from)).content;
    const chunk: typeof source.chunk = async (id) => (stop.abort(), source.chunk(id));
    const stopped = { overwrite: 'exact', signal: stop.signal } as const;
    await expectCode('cancelled', restoreTree({ ...source, chunk }, saved.root, target, stopped));
    expect(state(target)).toBe(before);
  });

  it('[K60] that made room in vain has the old version of all that is in the tree', async () => {
    await restore();
    writeFileSync(join(target, 'top'), 'other');
    writeFileSync(join(target, 'foreign'), noise(100_000));
    const { source } = saved.content;
    const failing = (...codes: ('disk_full' | 'integrity')[]) => {
      const chunk: typeof source.chunk = async () => {
        throw new StrataError(codes.shift()!, 'no');
      };
      return failureOf(restoreTree({ ...source, chunk }, saved.root, target, { overwrite: 'exact' }));
    };
    const before = state(target);
    // Not for what room does not help.
    expect((await failing('integrity')).code).toBe('integrity');
    expect(state(target)).toBe(before);
    const error = await failing('disk_full', 'integrity');
    expect(error).toMatchObject({ code: 'integrity', details: { paths: ['top'] } });
    expect(error.hint).toMatch(/^What was not in the tree is gone/);
    expect(readdirSync(target).sort()).toEqual(['a', 'b', 'top']);
    expect(readFileSync(join(target, 'top'), 'utf8')).toBe('other');
    await restore();
    same();
  });

  it('[K54] cannot be one in part', async () => {
    mkdirSync(target);
    await expectCode('bad_input', restore({ only: parsePath('a') }));
    expect(readdirSync(target)).toEqual([]);
  });

  it('[K21] keeps what is off limits, with the directories that it is in', async () => {
    const store = join(target, 'home', 'store');
    mkdirSync(join(store, 'packs'), { recursive: true });
    writeFileSync(join(store, 'packs', 'one'), 'sealed');
    writeFileSync(join(target, 'home', 'other'), 'x');
    chmodSync(store, 0o2770);
    chmodSync(join(target, 'home'), 0o2550);
    const { plan } = await restore({ offLimits: [store] });
    expect(tallyDetails(plan.removed).paths).toEqual(['home/other']);
    expect(readdirSync(target).sort()).toEqual(['a', 'b', 'home', 'top']);
    expect(readdirSync(join(target, 'home'))).toEqual(['store']);
    expect([join(target, 'home'), store].map((path) => lstatSync(path).mode & 0o7777)).toEqual([
      0o2550, 0o2770,
    ]);
    expect(readFileSync(join(store, 'packs', 'one'), 'utf8')).toBe('sealed');
    // Nor is it put away for what is to be in its place.
    unlinkSync(join(target, 'top'));
    mkdirSync(join(target, 'top', 'home'), { recursive: true });
    const before = state(target);
    const error = await failureOf(restore({ offLimits: [store, join(target, 'top', 'home')] }));
    expect(error).toMatchObject({ code: 'refused', details: { count: 1, paths: ['top'] } });
    expect(state(target)).toBe(before);
  });
});

describeWith(['root'], 'the odd tree', () => {
  it('[K59] takes the place of any other, in one window or in many', async () => {
    makeOddTree(join(base, 'odd'));
    for (const crew of [{}, { window: { directories: 40, files: 7, links: 10, pieces: 9, names: 9000 } }]) {
      target = join(base, `to ${Object.keys(crew).length}`);
      await restore({ crew });
      const odd = await save(join(base, 'odd'));
      const other = () =>
        restoreTree(odd.content.source, odd.root, target, { overwrite: 'exact', crew, sync: true });
      await other();
      expect(differences(join(base, 'odd'), target)).toEqual([]);
      await addSpecialFiles(join(target, 'deep'));
      await addSpecialFiles(join(target, 'modes', 'directory 0000'));
      await other();
      expect(differences(join(base, 'odd'), target)).toEqual([]);
      await restore({ crew });
      same();
      expect(stagingIn(target)).toEqual([]);
    }
  }, 180_000);
});
