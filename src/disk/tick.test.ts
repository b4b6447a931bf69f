import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';

import { MemoryContent } from '../testing/memory-content.ts';
import { describeWith } from '../testing/need.ts';
import { Remembering } from './remembering.fixture.ts';
import { scanDirectory } from './scan.ts';
import { scratch } from './scratch.fixture.ts';
import { isYoung, youth } from './tick.ts';

it('[K8] a file with a whole second as its time is young for two of them', () => {
  const now = 1_000_000_000_000;
  expect(isYoung({ ctimeMs: now - 500.5 }, now)).toBe(false);
  expect(isYoung({ ctimeMs: now - 1000 }, now)).toBe(true);
  expect(isYoung({ ctimeMs: now - 3000 }, now)).toBe(false);
  // Never longer than it takes to change again, whatever the clocks.
  expect(youth({ ctimeMs: now + 1000 }, now)).toBeLessThan(2100);
  expect(youth({ ctimeMs: now - 1000 }, now)).toBeLessThan(1100);
});

describeWith(['root', 'loop'], 'a file system that keeps whole seconds', () => {
  function coarse(): string {
    const base = scratch();
    const [image, disk] = [join(base, 'image'), join(base, 'disk')];
    mkdirSync(disk);
    execFileSync('truncate', ['-s', '16M', image]);
    // Inodes of 128 bytes have no room for more.
    execFileSync('mkfs.ext4', ['-q', '-I', '128', image], { stdio: 'ignore' });
    execFileSync('mount', ['-o', 'loop', image, disk]);
    onTestFinished(() => void execFileSync('umount', [disk]));
    return disk;
  }

  /** So early in a second that all of a step lies in it. */
  async function startOfSecond(): Promise<void> {
    await setTimeout(1020 - (Date.now() % 1000));
  }

  it('[K34] what changes a second time in the second of a save is saved by the next', async () => {
    const base = join(coarse(), 'tree');
    mkdirSync(base);
    const saves = new Remembering();
    const file = join(base, 'file');
    await startOfSecond();
    writeFileSync(file, 'one');
    const { mtime } = statSync(file);
    await setTimeout(100);
    await saves.save(base);
    writeFileSync(file, 'two');
    utimesSync(file, mtime, mtime);
    expect(await saves.save(base)).toEqual((await scanDirectory(base, new MemoryContent().sink)).root);
  });

  it('[K34] and so is what changes in the second of a restore', async () => {
    const disk = coarse();
    const [base, copy] = [join(disk, 'tree'), join(disk, 'copy')];
    mkdirSync(base);
    writeFileSync(join(base, 'file'), 'one');
    const saves = new Remembering();
    const root = await saves.save(base);
    await startOfSecond();
    await saves.restore(copy, root);
    const { mtime } = statSync(join(copy, 'file'));
    writeFileSync(join(copy, 'file'), 'two');
    utimesSync(join(copy, 'file'), mtime, mtime);
    expect(await saves.save(copy)).toEqual((await scanDirectory(copy, new MemoryContent().sink)).root);
  });
});
