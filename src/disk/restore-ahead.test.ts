import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { expect, it, onTestFinished } from 'vitest';

import { StrataError } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { saveInBlocks } from './blocks.fixture.ts';
import { RestoreAhead } from './restore-ahead.ts';
import { restoreTree } from './restore.ts';
import { scratch } from './scratch.fixture.ts';

const MUCH = { files: 100_000, bytes: 1e9 };

async function saved() {
  const base = scratch();
  const from = join(base, 'from');
  mkdirSync(from);
  for (let at = 0; at < 20; at++) writeFileSync(join(from, `file ${at}`), `content ${at}`);
  return { base, from, ...(await saveInBlocks(from)) };
}

it('[K62] threads that were started ahead write the tree', async () => {
  const { base, from, source, root } = await saved();
  await using ahead = RestoreAhead.to(join(base, 'to'), MUCH, { threads: 2 });
  await restoreTree(source, root, join(base, 'to'), { crew: { threads: 2 }, ahead });
  expect(differences(from, join(base, 'to'))).toEqual([]);
});

it('[K62] no others are started then', async () => {
  const { base, source, root } = await saved();
  const module = new URL('there-is-no-such-thread.ts', import.meta.url);
  await using ahead = RestoreAhead.to(join(base, 'to'), MUCH, { threads: 1, module });
  const restored = restoreTree(source, root, join(base, 'to'), { crew: { threads: 1 }, ahead });
  await expect(restored).rejects.toMatchObject({ code: 'internal' });
});

it('[K62] they end, and soon, when the tree cannot be read', async () => {
  const { base, source, root } = await saved();
  const gone = { ...source, node: () => Promise.reject(new StrataError('unavailable', 'it is gone')) };
  const started: Worker[] = [];
  const onWorker = (worker: Worker) => void started.push(worker);
  process.on('worker', onWorker);
  onTestFinished(() => void process.off('worker', onWorker));
  const restoring = async () => {
    await using ahead = RestoreAhead.to(join(base, 'to'), MUCH, { threads: 2 });
    await restoreTree(gone, root, join(base, 'to'), { crew: { threads: 2 }, ahead });
  };
  await expect(restoring()).rejects.toMatchObject({ code: 'unavailable' });
  // That of one that has ended.
  expect(started.map(({ threadId }) => threadId)).toEqual([-1, -1]);
  expect(readdirSync(base)).toEqual(['from']);
});

it('[K62] none are started for little, or where something is already', async () => {
  const { base, from, source, root } = await saved();
  await using little = RestoreAhead.to(join(base, 'to'), { files: 3, bytes: 100 });
  expect(little.threads).toBeUndefined();
  await using inside = RestoreAhead.to(from, MUCH, { threads: 2 });
  expect(inside.threads).toBeUndefined();
  await using beneath = RestoreAhead.to(join(from, 'file 1'), MUCH, { threads: 2 });
  expect(beneath.threads).toBeUndefined();
  await restoreTree(source, root, join(base, 'to'), { ahead: little });
  expect(differences(from, join(base, 'to'))).toEqual([]);
});
