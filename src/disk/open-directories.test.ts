import {
  closeSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';

import { utf8 } from '../base/index.ts';
import { MemoryContent } from '../testing/memory-content.ts';
import type { DirectoryEntry, TreeRef } from '../tree/index.ts';
import { DirectoryBuilder } from '../tree/index.ts';
import { openDirectory } from './at.ts';
import { OpenDirectories } from './open-directories.ts';
import { CLAIMED } from './schedule.ts';
import { Scheduler } from './scheduler.ts';
import { scratch } from './scratch.fixture.ts';

const directory = (name: string, tree: TreeRef): DirectoryEntry => ({
  kind: 'directory',
  name: utf8(name),
  mode: 0o755,
  mtime: 0,
  tree,
});

it('[K3] a directory that was replaced is not written into, wherever on the way it lies', async () => {
  const base = scratch();
  const content = new MemoryContent();
  const empty = new DirectoryBuilder(content.sink).finish();
  const scheduler = new Scheduler(content.source, {});
  // Rows 1, 2 and 3.
  for (const name of ['a', 'b', 'ü']) await scheduler.enter(directory(name, empty));
  const { schedule } = scheduler.window!;
  const root = openDirectory(base);
  const open = () => new OpenDirectories(schedule, root);
  {
    using directories = open();
    const fd = directories.get(3);
    writeFileSync(directories.path(fd, schedule.directories.name[1]!, 1), 'x');
  }
  expect(readdirSync(join(base, 'a', 'b', 'ü'))).toEqual(['a']);
  mkdirSync(join(base, 'outside', 'b', 'ü'), { recursive: true });
  const replaced = expect.objectContaining({ code: 'file_changed' });
  const [way, end] = [join(base, 'a'), join(base, 'a', 'b', 'ü')];

  renameSync(way, join(base, 'away'));
  symlinkSync('outside', way);
  {
    using directories = open();
    expect(() => directories.get(3)).toThrow(replaced);
    expect(() => directories.get(1)).toThrow(/ELOOP|ENOTDIR/);
  }
  unlinkSync(way);
  renameSync(join(base, 'away'), way);

  renameSync(end, `${end}.away`);
  mkdirSync(end);
  {
    using directories = open();
    expect(() => directories.get(3)).toThrow(replaced);
    rmdirSync(end);
    renameSync(`${end}.away`, end);
    expect(directories.get(3)).toBeGreaterThan(0);
  }
  closeSync(root);
});

/** Rows 1 and 2, one in the other, neither made. */
async function twoDirectories() {
  const base = scratch();
  const content = new MemoryContent();
  const empty = new DirectoryBuilder(content.sink).finish();
  const scheduler = new Scheduler(content.source, {});
  for (const name of ['a', 'b']) await scheduler.enter(directory(name, empty));
  const root = openDirectory(base);
  onTestFinished(() => closeSync(root));
  return { base, root, schedule: scheduler.window!.schedule };
}

it('[K46] what could not be made is told to each that needs it, and can be made once nothing is in the way', async () => {
  const { base, root, schedule } = await twoDirectories();
  writeFileSync(join(base, 'a'), 'in the way');
  const taken = expect.objectContaining({
    code: 'conflict',
    details: expect.objectContaining({ paths: ['a'] }),
  });
  using one = new OpenDirectories(schedule, root);
  using other = new OpenDirectories(schedule, root);
  // The second would wait for the first if that had left its claim.
  for (const directories of [one, other]) expect(() => directories.get(2)).toThrow(taken);
  unlinkSync(join(base, 'a'));
  expect(other.get(2)).toBeGreaterThan(0);
  expect(one.get(2)).toBeGreaterThan(0);
});

it('[K46] who waits for another thread goes on when that has failed', async () => {
  const { base, root, schedule } = await twoDirectories();
  const { state } = schedule.directories;
  Atomics.store(state, 1, CLAIMED);
  const fails = `
    const { workerData: state } = require('node:worker_threads');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    Atomics.store(state, 1, 0);
    Atomics.notify(state, 1);`;
  const worker = new Worker(fails, { eval: true, workerData: state });
  onTestFinished(async () => void (await worker.terminate()));
  using directories = new OpenDirectories(schedule, root);
  expect(directories.get(2)).toBeGreaterThan(0);
  expect(readdirSync(join(base, 'a'))).toEqual(['b']);
});
