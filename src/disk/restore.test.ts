import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';

import { StrataError, isStrataError } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/odd-tree.ts';
import { parsePath } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import type { RestoreOptions } from './restore.ts';
import { save, scratch, stagingIn, state } from './scratch.fixture.ts';
import type { Saved } from './scratch.fixture.ts';
import { tallyDetails } from './tally.ts';

let base: string;
let target: string;
let saved: Saved;

/** a/file, a/link → file, b/c/deep, top */
beforeEach(async () => {
  base = scratch();
  target = join(base, 'target');
  const from = join(base, 'from');
  mkdirSync(join(from, 'a'), { recursive: true });
  mkdirSync(join(from, 'b', 'c'), { recursive: true });
  writeFileSync(join(from, 'a', 'file'), 'file in a');
  symlinkSync('file', join(from, 'a', 'link'));
  writeFileSync(join(from, 'b', 'c', 'deep'), noise(300_000));
  writeFileSync(join(from, 'top'), 'top');
  chmodSync(join(from, 'b'), 0o700);
  chmodSync(join(from, 'b', 'c'), 0o711);
  saved = await save(from);
});

function restore(options?: RestoreOptions, to = target): ReturnType<typeof restoreTree> {
  return restoreTree(saved.content.source, saved.root, to, options);
}

async function failure(options?: RestoreOptions): Promise<StrataError> {
  const error = await restore(options).catch((reason: unknown) => reason);
  if (!isStrataError(error)) throw error;
  return error;
}

function same(): void {
  expect(differences(join(base, 'from'), target)).toEqual([]);
}

describe('a new or empty target', () => {
  it('[K11] appears with its parents', async () => {
    target = join(base, 'x', 'y', 'z');
    const { summary, plan } = await restore({ sync: true });
    same();
    expect(summary).toEqual(saved.root.tree.summary);
    expect(plan).toMatchObject({ added: { count: 7 }, replaced: { count: 0 }, unchanged: 0 });
    expect(readdirSync(join(base, 'x', 'y'))).toEqual(['z']);
  });

  it('[K11] is replaced as a whole when it is empty', async () => {
    mkdirSync(target);
    const { ino } = statSync(target);
    await restore({}, `${target}//`);
    same();
    expect(statSync(target).ino).not.toBe(ino);
  });

  it('[K11] is gone after an error, with the parents that were made', async () => {
    saved.content.chunks.clear();
    await expectCode('integrity', restore({}, join(base, 'x', 'y', 'z')));
    mkdirSync(target);
    const before = state(target);
    await expectCode('integrity', restore());
    expect(state(target)).toBe(before);
    expect(readdirSync(base).sort()).toEqual(['from', 'target']);
  });

  it('[K11] that comes into being meanwhile is left alone', async () => {
    const { source } = saved.content;
    const chunk: typeof source.chunk = async (id) => {
      mkdirSync(join(target, 'theirs'), { recursive: true });
      return source.chunk(id);
    };
    await expectCode('target_not_empty', restoreTree({ ...source, chunk }, saved.root, target));
    expect(readdirSync(target)).toEqual(['theirs']);
    expect(stagingIn(base)).toEqual([]);
  });

  it('[K5] is not there after a cancellation', async () => {
    for (const overwrite of [false, true]) {
      const abort = new AbortController();
      const { source } = saved.content;
      const chunk: typeof source.chunk = async (id) => {
        abort.abort();
        return source.chunk(id);
      };
      if (overwrite) mkdirSync(join(target, 'theirs'), { recursive: true });
      const before = state(target);
      await expectCode(
        'cancelled',
        restoreTree({ ...source, chunk }, saved.root, target, { overwrite, signal: abort.signal }),
      );
      expect(state(target)).toBe(before);
      expect(stagingIn(base)).toEqual([]);
    }
  });
});

describe('a target that is refused', () => {
  const cases: [name: string, code: 'bad_input' | 'target_not_empty', make: () => void][] = [
    ['a file', 'bad_input', () => writeFileSync(target, 'x')],
    ['a link to a directory', 'bad_input', () => symlinkSync('from', target)],
    ['a dangling link', 'bad_input', () => symlinkSync('nowhere', target)],
    ['not empty', 'target_not_empty', () => mkdirSync(join(target, '.hidden'), { recursive: true })],
  ];
  it.each(cases)('[K12] is %s', async (_, code, make) => {
    make();
    const before = state(base);
    for (const options of [{}, { dryRun: true }]) expect((await failure(options)).code).toBe(code);
    if (code === 'bad_input') expect((await failure({ overwrite: true })).code).toBe(code);
    expect(state(base)).toBe(before);
  });

  it('[K12] is below a file', async () => {
    writeFileSync(join(base, 'file'), '');
    await expectCode('bad_input', restore({}, join(base, 'file', 'x')));
    await expectCode('bad_input', restore({}, join(base, 'file', 'x', 'y')));
  });
});

describe('a target with files', () => {
  it('[K13] keeps what is equal and what is foreign, and gets the rest', async () => {
    await restore();
    writeFileSync(join(target, 'a', 'foreign'), 'stays');
    rmSync(join(target, 'b', 'c'), { recursive: true });
    writeFileSync(join(target, 'top'), 'pot');
    chmodSync(join(target, 'b'), 0o555);
    const { ino } = lstatSync(join(target, 'a', 'file'));
    const { plan } = await restore({ overwrite: true });
    expect(tallyDetails(plan.added).paths).toEqual(['b/c', 'b/c/deep']);
    expect(tallyDetails(plan.replaced).paths).toEqual(['top']);
    expect(plan.unchanged).toBe(4);
    expect(lstatSync(join(target, 'a', 'file')).ino).toBe(ino);
    expect(readFileSync(join(target, 'a', 'foreign'), 'utf8')).toBe('stays');
    rmSync(join(target, 'a', 'foreign'));
    const { atime, mtime } = statSync(join(base, 'from', 'a'));
    utimesSync(join(target, 'a'), atime, mtime);
    expect(differences(join(base, 'from'), target).filter((line) => !line.startsWith('"a":'))).toEqual([]);
  });

  it('[K18] keeps its special bits when nothing comes of it', async () => {
    mkdirSync(target);
    writeFileSync(join(target, 'foreign'), 'stays');
    chmodSync(target, 0o3775);
    const chunk = () => {
      throw new StrataError('integrity', 'damaged');
    };
    const source = { ...saved.content.source, chunk };
    await expectCode('integrity', restoreTree(source, saved.root, target, { overwrite: true }));
    expect(statSync(target).mode & 0o7777).toBe(0o3775);
    expect(readdirSync(target)).toEqual(['foreign']);
  });

  it('[K13] is not written through links, hard or soft', async () => {
    const outside = join(base, 'outside');
    writeFileSync(outside, 'theirs');
    mkdirSync(join(target, 'a'), { recursive: true });
    linkSync(outside, join(target, 'top'));
    symlinkSync(outside, join(target, 'a', 'file'));
    writeFileSync(join(target, 'a', 'link'), 'a file where the tree has a link');
    await restore({ overwrite: true });
    expect(readFileSync(outside, 'utf8')).toBe('theirs');
    same();
  });

  it('[K13] of the same size, time and mode but other bytes is replaced', async () => {
    await restore();
    const { atime, mtime } = statSync(join(base, 'from', 'b', 'c', 'deep'));
    writeFileSync(join(target, 'b', 'c', 'deep'), noise(300_000, 7));
    utimesSync(join(target, 'b', 'c', 'deep'), atime, mtime);
    await restore({ overwrite: true });
    same();
  });

  it('[K14] in conflict is not changed, and all conflicts are named', async () => {
    mkdirSync(join(target, 'top', 'below'), { recursive: true });
    mkdirSync(join(target, 'a', 'link'), { recursive: true });
    symlinkSync('/tmp', join(target, 'b'));
    const before = state(target);
    for (const dryRun of [true, false]) {
      const error = await failure({ overwrite: true, dryRun });
      expect(error.code).toBe('conflict');
      expect(error.details).toEqual({ count: 3, paths: ['a/link', 'b', 'top'] });
    }
    expect(state(target)).toBe(before);
  });

  it('[K20] is not changed by a dry run', async () => {
    mkdirSync(join(target, 'a'), { recursive: true });
    writeFileSync(join(target, 'top'), 'other');
    const before = state(target);
    const { plan, summary } = await restore({ dryRun: true, overwrite: true });
    expect(tallyDetails(plan.added).paths).toEqual(['a/file', 'a/link', 'b', 'b/c', 'b/c/deep']);
    expect(tallyDetails(plan.replaced).paths).toEqual(['top']);
    expect(summary.files).toBe(3);
    expect(state(target)).toBe(before);
    await restore({ dryRun: true }, join(base, 'new', 'er'));
    expect(existsSync(join(base, 'new'))).toBe(false);
  });
});

describe('damage', () => {
  it('[K15] names the object and the path, and nothing appears', async () => {
    const { chunks } = saved.content;
    const ids = [...chunks.keys()];
    for (const id of ids) {
      const bytes = chunks.get(id)!;
      for (const harm of [
        () => chunks.delete(id),
        () =>
          chunks.set(
            id,
            bytes.map((byte) => byte ^ 1),
          ),
      ]) {
        harm();
        const error = await failure();
        expect(error).toMatchObject({
          code: 'integrity',
          details: { object: id, paths: [expect.any(String)] },
        });
        expect(existsSync(target)).toBe(false);
        chunks.set(id, bytes);
      }
    }
    const { nodes } = saved.content.nodes;
    const names = [...nodes.keys()];
    for (const id of names) {
      const bytes = nodes.get(id)!;
      nodes.delete(id);
      expect((await failure()).code).toBe('integrity');
      nodes.set(id, bytes);
    }
    expect(readdirSync(base)).toEqual(['from']);
  });

  it('[K15] in a used target changes nothing', async () => {
    mkdirSync(join(target, 'a'), { recursive: true });
    writeFileSync(join(target, 'top'), 'other');
    const before = state(target);
    saved.content.chunks.delete([...saved.content.chunks.keys()].at(-1)!);
    expect((await failure({ overwrite: true })).code).toBe('integrity');
    expect(state(target)).toBe(before);
  });
});

describe('one path', () => {
  it('[K19] is restored at its place with its parents', async () => {
    const { summary } = await restore({ only: parsePath('b/c') });
    expect(summary).toEqual({ files: 1, directories: 2, symlinks: 0, bytes: 300_000 });
    expect(readdirSync(target)).toEqual(['b']);
    expect(differences(join(base, 'from', 'b'), join(target, 'b'))).toEqual([]);
    await restore({ only: parsePath('a/link'), overwrite: true });
    expect(readdirSync(join(target, 'a'))).toEqual(['link']);
  });

  it('[K19] that is missing is said so', async () => {
    const error = await failure({ only: parsePath('b/c/depp') });
    expect(error).toMatchObject({ code: 'path_not_found', hint: 'Did you mean b/c/deep?' });
    await expectCode('path_not_found', restore({ only: parsePath('top/of/it') }));
    expect(existsSync(target)).toBe(false);
  });
});
