import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { MemoryContent } from '../testing/memory-content.ts';
import { allocatedBytes, differences } from '../testing/compare-trees.ts';
import { describeWith } from '../testing/need.ts';
import { makeOddTree } from '../testing/odd-tree.ts';
import { runScript } from '../testing/script.ts';
import { DirectoryBuilder } from '../tree/index.ts';
import type { TreeRef } from '../tree/index.ts';
import { restoreTree } from './restore.ts';
import { scanDirectory } from './scan.ts';
import { save, scratch } from './scratch.fixture.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const CONTENT = JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url));
const NOBODY = 65534;

describeWith(['root'], 'the odd tree', () => {
  it('[K1] is the same after save and restore', async () => {
    const base = scratch();
    makeOddTree(join(base, 'odd'));
    const { content, root } = await save(join(base, 'odd'));
    await restoreTree(content.source, root, join(base, 'again'));
    expect(differences(join(base, 'odd'), join(base, 'again'))).toEqual([]);
    const second = await save(join(base, 'again'));
    expect(second.root).toEqual(root);
  });

  it('[K1] is the same in a directory that cannot be replaced', async () => {
    const base = scratch();
    makeOddTree(join(base, 'odd'));
    mkdirSync(join(base, 'here'));
    const { content, root } = await save(join(base, 'odd'));
    const before = process.cwd();
    process.chdir(join(base, 'here'));
    try {
      await restoreTree(content.source, root, '.');
      expect(readdirSync('.').sort()).toEqual(readdirSync(join(base, 'odd')).sort());
    } finally {
      process.chdir(before);
    }
    expect(differences(join(base, 'odd'), join(base, 'here'))).toEqual([]);
  });

  it('[K2] stays sparse, on disk and in the vault', async () => {
    const base = scratch();
    makeOddTree(join(base, 'odd'), { sparseBytes: 3_000_000_000, bulkBytes: 1000 });
    const { content, root } = await save(join(base, 'odd', 'files'));
    expect([...content.chunks.values()].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(1_000_000);
    await restoreTree(content.source, root, join(base, 'again'));
    expect(allocatedBytes(join(base, 'again'))).toBeLessThan(2_000_000);
    expect(root.tree.summary.bytes).toBeGreaterThan(3_000_000_000);
  });

  it('[K1] a normal user restores what root saved, new, into the empty, and over itself', () => {
    const base = scratch();
    makeOddTree(join(base, 'odd'));
    mkdirSync(join(base, 'theirs'));
    chmodSync(base, 0o755);
    chownSync(join(base, 'theirs'), NOBODY, NOBODY);
    const script = `
      import { mkdirSync } from 'node:fs';
      import { restoreTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      const { root } = await scanDirectory(${JSON.stringify(join(base, 'odd'))}, content.sink);
      process.setgroups([]);
      process.setgid(${NOBODY});
      process.setuid(${NOBODY});
      process.chdir(${JSON.stringify(join(base, 'theirs'))});
      await restoreTree(content.source, root, 'new');
      mkdirSync('empty');
      process.chdir('empty');
      await restoreTree(content.source, root, '.');
    `;
    expect(runScript(script)).toBe('');
    for (const name of ['new', 'empty'])
      expect(differences(join(base, 'odd'), join(base, 'theirs', name))).toEqual([]);
  });
});

describeWith(['user'], 'a normal user', () => {
  it('[K1] saves and restores what they may read', () => {
    const base = scratch();
    chmodSync(base, 0o777);
    const script = `
      import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
      import { restoreTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      process.setgid(${NOBODY});
      process.setuid(${NOBODY});
      process.chdir(${JSON.stringify(base)});
      mkdirSync('mine');
      mkdirSync('mine/closed');
      writeFileSync('mine/closed/file', 'x');
      chmodSync('mine/closed', 0o555);
      chmodSync('mine', 0o555);
      const content = new MemoryContent();
      const { root } = await scanDirectory('mine', content.sink);
      for (let time = 0; time < 2; time++) {
        await restoreTree(content.source, root, 'again', { overwrite: true });
        console.log((statSync('again').mode & 0o777).toString(8), (statSync('again/closed').mode & 0o777).toString(8), readdirSync('again/closed').join());
      }
    `;
    expect(runScript(script)).toBe('555 555 file\n'.repeat(2));
  });
});

it('[K4] 6000 levels come back, with few files open', async () => {
  const base = scratch();
  const content = new MemoryContent();
  let tree: TreeRef = new DirectoryBuilder(content.sink).finish();
  for (let level = 0; level < 6000; level++) {
    const builder = new DirectoryBuilder(content.sink);
    builder.add({ kind: 'directory', name: Buffer.from('d'), mode: 0o755, mtime: level, tree });
    tree = builder.finish();
  }
  const root = { mode: 0o755, mtime: 0, tree };
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, readdirSync('/proc/self/fd').length)), 1);
  const before = readdirSync('/proc/self/fd').length;
  try {
    await restoreTree(content.source, root, join(base, 'deep'));
    const report = await scanDirectory(join(base, 'deep'), content.sink);
    expect(report.root).toEqual(root);
    await restoreTree(content.source, root, join(base, 'deep'), { overwrite: true });
    expect((await scanDirectory(join(base, 'deep'), content.sink)).root).toEqual(root);
  } finally {
    clearInterval(watch);
  }
  expect(readdirSync('/proc/self/fd').length).toBe(before);
  expect(most - before).toBeLessThan(250);
});

it('[K1] takes a time that is too late to count for the last one that is not', async () => {
  const base = scratch();
  mkdirSync(join(base, 'late'));
  writeFileSync(join(base, 'late', 'file'), '');
  // 2446, the last year of ext4.
  utimesSync(join(base, 'late', 'file'), 15_000_000_000, 15_000_000_000);
  const { content, root } = await save(join(base, 'late'));
  await restoreTree(content.source, root, join(base, 'again'));
  expect(statSync(join(base, 'again', 'file')).mtime.getUTCFullYear()).toBe(2255);
});
