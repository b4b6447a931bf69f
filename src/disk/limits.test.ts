import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';

import { describeWith } from '../testing/need.ts';
import { makeOddTree } from '../testing/odd-tree.ts';
import { AS_NOBODY, onSmallDisk, runScript } from '../testing/script.ts';
import { scratch, state } from './scratch.fixture.ts';

const ROOM = JSON.stringify(new URL('./index.ts', import.meta.url));
const TREE = JSON.stringify(new URL('../tree/index.ts', import.meta.url));
const CONTENT = JSON.stringify(new URL('../testing/memory-content.ts', import.meta.url));

let base: string;

const refusal = (needed: number) => new RegExp(`^disk_full the tree has ${needed} files, .* room for \\d+$`);

beforeEach(() => {
  base = scratch();
  mkdirSync(join(base, 'from', 'a'), { recursive: true });
  mkdirSync(join(base, 'from', 'b', 'c'), { recursive: true });
  for (const path of ['top', 'a/file', 'b/c/deep']) writeFileSync(join(base, 'from', path), path);
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

  const told = (attempt: string) =>
    `await ${attempt}.then(() => console.log('done'), ({ code, message }) => console.log(code, message));`;

  it('[K22] that has fewer files than the tree is refused at once', () => {
    const disk = join(base, 'disk');
    mkdirSync(disk);
    const script = `
      import { readdirSync } from 'node:fs';
      import { restoreTree } from ${ROOM};
      import { DirectoryBuilder } from ${TREE};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      let tree = new DirectoryBuilder(content.nodes.sink).finish();
      for (let level = 0; level < 45; level++) {
        const builder = new DirectoryBuilder(content.nodes.sink);
        for (const name of 'ab') builder.add({ kind: 'directory', name: Buffer.from(name), mode: 0o755, mtime: 0, tree });
        tree = builder.finish();
      }
      process.chdir(${JSON.stringify(disk)});
      const restore = (target, options) => restoreTree(content.source, { mode: 0o755, mtime: 0, tree }, target, { signal: AbortSignal.timeout(5000), ...options });
      ${told("restore('new/er')")}
      ${told("restore('.', { overwrite: true })")}
      ${told("restore('new', { dryRun: true })")}
      ${told("restore('new', { only: [Buffer.from('a')] })")}
      ${told("restore('new', { only: Array(40).fill(Buffer.from('b')) })")}
      console.log(readdirSync('.').join());`;
    const lines = runScript(script, onSmallDisk(disk)).split('\n');
    expect(lines).toEqual([
      ...Array.from({ length: 3 }, () => expect.stringMatching(refusal(2 ** 46 - 2))),
      expect.stringMatching(refusal(2 ** 45 - 1)),
      'done',
      'new',
      '',
    ]);
  });

  it('[K22] that has room for what is not there yet is restored to', () => {
    const disk = join(base, 'disk');
    mkdirSync(disk);
    const script = `
      import { execFileSync } from 'node:child_process';
      import { mkdirSync, readdirSync, statfsSync } from 'node:fs';
      import { restoreTree, scanDirectory } from ${ROOM};
      import { MemoryContent } from ${CONTENT};
      const content = new MemoryContent();
      const { root } = await scanDirectory(${JSON.stringify(join(base, 'from'))}, content.sink);
      process.chdir(${JSON.stringify(disk)});
      await restoreTree(content.source, root, 'first');
      const leave = (room) => {
        const { files, ffree } = statfsSync('.');
        execFileSync('mount', ['-o', 'remount,nr_inodes=' + (files - ffree + room), ${JSON.stringify(disk)}]);
      };
      leave(5);
      ${told("restoreTree(content.source, root, 'second')")}
      ${told("restoreTree(content.source, root, 'first', { overwrite: true })")}
      leave(7);
      ${told("restoreTree(content.source, root, 'second')")}
      console.log(readdirSync('.').join());`;
    expect(runScript(script, onSmallDisk(disk)).split('\n')).toEqual([
      expect.stringMatching(refusal(6)),
      'done',
      'done',
      'first,second',
      '',
    ]);
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
    mkdirSync(join(base, 'target', 'a'), { recursive: true });
    chmodSync(base, 0o755);
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
