import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, onTestFinished } from 'vitest';

import { isStrataError, sha256, toHex } from '../base/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import { restoreTree } from './restore.ts';
import { scanDirectory } from './scan.ts';
import { save, scratch } from './scratch.fixture.ts';

/** Few, for each commit; each meets the swapper several times. */
const ROUNDS = 200;

/** Puts a link in the place of a directory, and the directory back, as fast as it can, whatever others make of it. */
const SWAPPER = `
  const { existsSync, mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync } = require('node:fs');
  const [directory, outside] = process.argv.slice(1);
  const away = directory + '.away';
  console.log('swapping');
  for (;;) {
    try {
      renameSync(directory, away);
      symlinkSync(outside, directory);
      unlinkSync(directory);
      renameSync(away, directory);
    } catch {
      try {
        rmSync(directory, { recursive: true, force: true });
        if (existsSync(away)) renameSync(away, directory);
        else mkdirSync(directory + '/below', { recursive: true });
      } catch {}
    }
  }
`;

let base: string;
let outside: string;

async function swap(directory: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', SWAPPER, directory, outside], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

beforeEach(() => {
  base = scratch();
  outside = join(base, 'outside');
  mkdirSync(join(base, 'from', 'd', 'below'), { recursive: true });
  mkdirSync(join(outside, 'below'), { recursive: true });
  for (const name of ['a', 'below/b']) {
    writeFileSync(join(base, 'from', 'd', name), 'inside');
    writeFileSync(join(outside, name), 'secret');
  }
});

it('[K3] a save never reads through a link that takes a directory’s place', async () => {
  const child = await swap(join(base, 'from', 'd'));
  const secret = toHex(sha256(Buffer.from('secret')));
  let whole = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const content = new MemoryContent();
    try {
      const { root } = await scanDirectory(join(base, 'from'), content.sink);
      if (root.tree.summary.files === 2) whole++;
    } catch (error) {
      if (!isStrataError(error, 'file_changed')) throw error;
    }
    expect(content.chunks.has(secret)).toBe(false);
  }
  expect(child.exitCode).toBe(null);
  expect(whole).toBeGreaterThan(0);
});

it('[K3] a restore never writes through one', async () => {
  const { content, root } = await save(join(base, 'from'));
  const target = join(base, 'target');
  await restoreTree(content.source, root, target);
  const child = await swap(join(target, 'd'));
  let whole = 0;
  for (let round = 0; round < ROUNDS; round++) {
    // Other bytes each time, so that there is something to write.
    writeFileSync(join(base, 'from', 'd', 'a'), `inside ${round}`);
    writeFileSync(join(base, 'from', 'd', 'below', 'b'), `inside ${round}`);
    const next = await save(join(base, 'from'));
    try {
      await restoreTree(next.content.source, next.root, target, { overwrite: true });
      whole++;
    } catch (error) {
      if (!isStrataError(error)) throw error;
    }
  }
  expect(child.exitCode).toBe(null);
  expect(whole).toBeGreaterThan(0);
  expect(readdirSync(outside).sort()).toEqual(['a', 'below']);
  expect(readdirSync(join(outside, 'below'))).toEqual(['b']);
  for (const name of ['a', 'below/b']) expect(readFileSync(join(outside, name), 'utf8')).toBe('secret');
});

it.each(['d', 'foreign'])(
  '[K3] a restore that removes never removes through one (%s)',
  async (swapped) => {
    const { content, root } = await save(join(base, 'from'));
    const target = join(base, 'target');
    await restoreTree(content.source, root, target);
    // In the tree there is nothing of these names.
    for (const name of ['more', 'below/more']) writeFileSync(join(outside, name), 'secret');
    const child = await swap(join(target, swapped));
    let removed = 0;
    for (let round = 0; round < ROUNDS; round++) {
      try {
        mkdirSync(join(target, swapped, 'below', `${round}`, 'deep'), { recursive: true });
      } catch {
        // Swapped at this moment.
      }
      try {
        const { plan } = await restoreTree(content.source, root, target, { overwrite: 'exact' });
        removed += plan.removed.count;
      } catch (error) {
        if (!isStrataError(error)) throw error;
      }
      // What was made through the link is ours to take away.
      for (const name of readdirSync(join(outside, 'below')))
        if (/^\d+$/.test(name)) rmSync(join(outside, 'below', name), { recursive: true });
    }
    expect(child.exitCode).toBe(null);
    expect(removed).toBeGreaterThan(0);
    expect(readdirSync(outside).sort()).toEqual(['a', 'below', 'more']);
    expect(readdirSync(join(outside, 'below')).sort()).toEqual(['b', 'more']);
    for (const name of ['a', 'below/b', 'more', 'below/more'])
      expect(readFileSync(join(outside, name), 'utf8')).toBe('secret');
  },
  120_000,
);
