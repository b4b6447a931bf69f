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

import { isStrataError } from '../base/index.ts';
import type { StrataError } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { describeWith } from '../testing/need.ts';
import { makeOddTree, noise } from '../testing/odd-tree.ts';
import { AS_NOBODY, onSmallDisk, runScript } from '../testing/script.ts';
import { parsePath } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import type { RestoreOptions } from './restore.ts';
import { save, scratch, stagingIn, state } from './scratch.fixture.ts';
import type { Saved } from './scratch.fixture.ts';
import { tallyDetails } from './tally.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const CONTENT = JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url));

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
    for (const [id, bytes] of [...chunks]) {
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
    for (const [id, bytes] of [...nodes]) {
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

describeWith(['mounts'], 'a disk', () => {
  it('[K18] that is full leaves nothing behind', () => {
    const disk = join(base, 'disk');
    mkdirSync(disk);
    makeOddTree(join(base, 'odd'), { bulkBytes: 2_000_000 });
    for (const [name, options] of [
      ['new/er', '{}'],
      ['.', '{}'],
      ['used', '{ overwrite: true }'],
    ]) {
      const script = `
        import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
        import { restoreTree, scanDirectory } from ${ROOM};
        import { MemoryContent } from ${CONTENT};
        const content = new MemoryContent();
        const { root } = await scanDirectory(${JSON.stringify(join(base, 'odd'))}, content.sink);
        process.chdir(${JSON.stringify(disk)});
        ${name === 'used' ? "mkdirSync('used'); writeFileSync('used/mine', 'x');" : ''}
        await restoreTree(content.source, root, '${name}', ${options}).catch((error) => console.log(error.code, error.details.paths.length));
        console.log(readdirSync('.', { recursive: true }).join());
      `;
      expect(runScript(script, onSmallDisk(disk))).toBe(
        `disk_full 1\n${name === 'used' ? 'used,used/mine' : ''}\n`,
      );
    }
  });

  it('[K18] that is read-only is said so', () => {
    const disk = join(base, 'disk');
    mkdirSync(join(disk, 'empty'), { recursive: true });
    mkdirSync(join(disk, 'used', 'b'), { recursive: true });
    const launcher = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"',
      disk,
    ];
    const script = `
      import { restoreTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      const { root } = await scanDirectory(${JSON.stringify(join(base, 'from'))}, content.sink);
      for (const name of ['new', 'deep/new', 'empty', 'used', '.'])
        await restoreTree(content.source, root, ${JSON.stringify(disk)} + '/' + name, { overwrite: true }).catch((error) => console.log(error.code));
    `;
    const before = state(disk);
    expect(runScript(script, launcher)).toBe('read_only\n'.repeat(5));
    expect(state(disk)).toBe(before);
  });

  it('[K11] that is mounted on the target is restored into', () => {
    const disk = join(base, 'disk');
    mkdirSync(disk);
    const script = `
      import { readdirSync } from 'node:fs';
      import { restoreTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      const { root } = await scanDirectory(${JSON.stringify(join(base, 'from'))}, content.sink);
      await restoreTree(content.source, root, ${JSON.stringify(disk)});
      console.log(readdirSync(${JSON.stringify(disk)}).join());
    `;
    expect(runScript(script, onSmallDisk(disk))).toBe('a,b,top\n');
    expect(readdirSync(disk)).toEqual([]);
  });
});

describeWith(['user'], 'a directory that is not ours', () => {
  it('[K18] is refused before anything is changed', () => {
    mkdirSync(join(target, 'a'), { recursive: true });
    for (const path of [base, target, join(base, 'from')]) chmodSync(path, 0o755);
    for (const path of ['b', 'b/c']) chmodSync(join(base, 'from', path), 0o755);
    const before = state(base);
    const script = `
      import { restoreTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      const { root } = await scanDirectory(${JSON.stringify(join(base, 'from'))}, content.sink);
      for (const name of ['new', 'target'])
        await restoreTree(content.source, root, ${JSON.stringify(base)} + '/' + name, { overwrite: true }).catch((error) => console.log(error.code));
    `;
    expect(runScript(script, AS_NOBODY)).toBe('refused\n'.repeat(2));
    expect(state(base)).toBe(before);
  });
});
