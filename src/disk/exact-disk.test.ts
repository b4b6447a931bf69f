import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { describeWith } from '../testing/need.ts';
import { noise } from '../testing/odd-tree.ts';
import { onSmallDisk, runScript } from '../testing/script.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { DirectoryBuilder } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import { scratch, state } from './scratch.fixture.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const CONTENT = JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url));
const NOBODY = 65534;

let base: string;
let disk: string;

beforeEach(() => {
  base = scratch();
  disk = join(base, 'disk');
  mkdirSync(disk);
  mkdirSync(join(base, 'from', 'd'), { recursive: true });
  writeFileSync(join(base, 'from', 'd', 'large'), noise(600_000));
  writeFileSync(join(base, 'from', 'small'), 'small');
});

/** A script that has saved `from`, and restores it exactly to `target`. */
const script = (target: string, before: string, after: string) => `
  import { execFileSync } from 'node:child_process';
  import { chmodSync, mkdirSync, readFileSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
  import { restoreTree, scanDirectory } from ${ROOM};
  import { MemoryContent } from ${CONTENT};
  const content = new MemoryContent();
  const { root } = await scanDirectory(${JSON.stringify(join(base, 'from'))}, content.sink);
  const target = ${JSON.stringify(target)};
  const list = () => console.log(readdirSync(target, { recursive: true }).sort().join());
  const restore = (options) =>
    restoreTree(content.source, root, target, { overwrite: 'exact', ...options }).then(
      ({ plan }) => console.log('done', plan.added.count, plan.replaced.count, plan.removed.count),
      ({ code, details, hint }) => console.log(code, details.paths?.join(), /^Nothing was changed/.test(hint), /^What was not/.test(hint)),
    );
  ${before}
  await restore();
  ${after}
  list();
`;

describeWith(['mounts'], 'a small disk', () => {
  it('[K60] that is full of what the tree does not have loses that first', () => {
    const fill = `
      mkdirSync(target + '/foreign');
      writeFileSync(target + '/foreign/x', Buffer.alloc(700_000));
      writeFileSync(target + '/small', 'other');`;
    expect(runScript(script(disk, fill, ''), onSmallDisk(disk))).toBe('done 2 1 2\nd,d/large,small\n');
  });

  it('[K60] that is too small all the same keeps it', () => {
    writeFileSync(join(base, 'from', 'd', 'larger'), noise(500_000));
    const fill = `writeFileSync(target + '/foreign', Buffer.alloc(100_000));`;
    expect(runScript(script(disk, fill, ''), onSmallDisk(disk))).toBe(
      'disk_full d/larger false false\nforeign\n',
    );
  });

  it('[K60] that would be too small all the same keeps it, whatever goes only when its successor is there', () => {
    const fill = `
      mkdirSync(target + '/small');
      writeFileSync(target + '/small/x', Buffer.alloc(700_000));
      writeFileSync(target + '/notes', 'notes');`;
    expect(runScript(script(disk, fill, ''), onSmallDisk(disk))).toBe(
      'disk_full d/large false false\nnotes,small,small/x\n',
    );
  });

  it('[K60] that has room for both loses nothing before the end', () => {
    const fill = `writeFileSync(target + '/foreign', Buffer.alloc(100_000));
      const chunk = content.source.chunk;
      content.source.chunk = (id) => (list(), chunk(id));`;
    const lines = runScript(script(disk, fill, ''), onSmallDisk(disk)).split('\n');
    expect(lines[0]).toMatch(/foreign/);
    expect(lines.at(-2)).toBe('d,d/large,small');
  });

  it('[K58] what is mounted below is refused before anything is changed', () => {
    const target = join(base, 'target');
    mkdirSync(join(target, 'foreign', 'mounted'), { recursive: true });
    writeFileSync(join(target, 'foreign', 'x'), 'x');
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere', 'theirs'), 'theirs');
    const mount = `execFileSync('mount', ['--bind', ${JSON.stringify(join(base, 'elsewhere'))}, target + '/foreign/mounted']);`;
    const before = state(target);
    expect(runScript(script(target, mount, 'await restore({ dryRun: true });'), onSmallDisk(disk))).toBe(
      'refused foreign/mounted true false\n'.repeat(2) +
        'foreign,foreign/mounted,foreign/mounted/theirs,foreign/x\n',
    );
    expect(state(target)).toBe(before);
    expect(readdirSync(join(base, 'elsewhere'))).toEqual(['theirs']);
  });

  it.each(['exact', 'true'])(
    '[K58] and so is what is mounted at a directory of the tree: %s',
    (overwrite) => {
      const target = join(base, 'target');
      mkdirSync(join(target, 'd'), { recursive: true });
      writeFileSync(join(target, 'small'), 'other');
      mkdirSync(join(base, 'elsewhere'));
      writeFileSync(join(base, 'elsewhere', 'theirs'), 'theirs');
      const mount = `execFileSync('mount', ['--bind', ${JSON.stringify(join(base, 'elsewhere'))}, target + '/d']);`;
      const others = overwrite === 'exact' ? '' : `await restore({ overwrite: ${overwrite} });`;
      expect(runScript(script(target, mount, others), onSmallDisk(disk))).toBe(
        'refused d true false\n'.repeat(overwrite === 'exact' ? 1 : 2) + 'd,d/theirs,small\n',
      );
      expect(readFileSync(join(target, 'small'), 'utf8')).toBe('other');
      expect(readdirSync(join(base, 'elsewhere'))).toEqual(['theirs']);
    },
  );

  it('[K58] nothing is removed of what was mounted since the survey', async () => {
    const target = join(base, 'target');
    mkdirSync(join(target, 'd'), { recursive: true });
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere', 'theirs'), 'theirs');
    // Equal, so that nothing has to be moved there.
    for (const place of [join(base, 'elsewhere'), join(target, 'd')])
      execFileSync('cp', ['-p', join(base, 'from', 'd', 'large'), place]);
    const mount = `
      const { chunk } = content.source;
      content.source.chunk = (id) => {
        execFileSync('mount', ['--bind', ${JSON.stringify(join(base, 'elsewhere'))}, target + '/d']);
        content.source.chunk = chunk;
        return chunk(id);
      };`;
    expect(runScript(script(target, mount, ''), onSmallDisk(disk))).toBe(
      'refused d false false\nd,d/large,d/theirs,small\n',
    );
    expect(readdirSync(join(base, 'elsewhere')).sort()).toEqual(['large', 'theirs']);
  });

  it('[K21] a store that is mounted below stays', () => {
    const target = join(base, 'target');
    mkdirSync(join(target, 'home', 'store'), { recursive: true });
    writeFileSync(join(target, 'home', 'x'), 'x');
    const mount = `
      execFileSync('mount', ['--bind', ${JSON.stringify(join(base, 'from'))}, target + '/home/store']);
      await restore({ offLimits: [target + '/home/store'] });
      list();`;
    const [done, left] = runScript(script(target, mount, ''), onSmallDisk(disk)).split('\n');
    expect(done).toBe('done 3 0 1');
    expect(left).toBe('d,d/large,home,home/store,home/store/d,home/store/d/large,home/store/small,small');
  });

  it('[K58] what turns out not to go is told with its path, and all else is done', () => {
    const target = join(base, 'target');
    for (const path of ['foreign/a', 'small']) {
      mkdirSync(join(target, path), { recursive: true });
      for (const name of ['held', 'x']) writeFileSync(join(target, path, name), 'x');
    }
    chmodSync(join(target, 'foreign', 'a'), 0o551);
    const mount = `for (const path of ['/foreign/a/held', '/small/held']) execFileSync('mount', ['--bind', target + path, target + path]);`;
    const free = `list();
      for (const path of ['/foreign/a/held', '/small/held']) execFileSync('umount', [target + path]);
      await restore();`;
    expect(runScript(script(target, mount, free), onSmallDisk(disk)).split('\n')).toEqual([
      'refused small/held,foreign/a/held false false',
      'd,d/large,foreign,foreign/a,foreign/a/held,small,small/held',
      'done 0 1 4',
      'd,d/large,small',
      '',
    ]);
    expect(differences(join(base, 'from'), target)).toEqual([]);
  });
});

describeWith(['user'], 'a normal user', () => {
  it('[K59] has what is foreign removed, whatever its modes; what is another’s is refused', () => {
    const target = join(base, 'theirs');
    mkdirSync(join(target, 'root', 'mine'), { recursive: true });
    chmodSync(base, 0o755);
    chmodSync(join(base, 'from', 'd'), 0o511);
    chownSync(target, NOBODY, NOBODY);
    const before = `
      process.setgroups([]);
      process.setgid(${NOBODY});
      process.setuid(${NOBODY});
      await restore();
      const { rmdirSync } = await import('node:fs');
    `;
    expect(runScript(script(target, before, ''))).toBe(
      'refused root true false\n'.repeat(2) + 'root,root/mine\n',
    );
    const own = `
      execFileSync('rm', ['-r', target + '/root']);
      ${before}
      await restore();
      chmodSync(target + '/d', 0o700);
      mkdirSync(target + '/d/closed/below', { recursive: true });
      writeFileSync(target + '/d/closed/below/x', 'x');
      chmodSync(target + '/d/closed/below', 0);
      chmodSync(target + '/d/closed', 0o500);
      chmodSync(target + '/d', 0o500);`;
    expect(runScript(script(target, own, ''))).toBe('done 3 0 0\ndone 0 0 0\ndone 0 0 2\nd,d/large,small\n');
    expect(differences(join(base, 'from'), target)).toEqual([]);
  });
});

it('[K4] 6000 levels of what the tree does not have go', async () => {
  const content = new MemoryContent();
  const empty = new DirectoryBuilder(content.sink).finish();
  let tree = empty;
  for (let level = 0; level < 6000; level++) {
    const builder = new DirectoryBuilder(content.sink);
    builder.add({ kind: 'directory', name: Buffer.from('d'), mode: 0o755, mtime: level, tree });
    tree = builder.finish();
  }
  const target = join(base, 'deep');
  mkdirSync(target);
  for (const name of ['deep', 'shallow']) {
    const root = { mode: 0o755, mtime: 0, tree: name === 'deep' ? tree : empty };
    const { plan } = await restoreTree(content.source, root, target, { overwrite: 'exact' });
    expect(plan.removed.count).toBe(name === 'deep' ? 0 : 6000);
  }
  expect(readdirSync(target)).toEqual([]);
}, 180_000);
