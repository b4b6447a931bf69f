import { appendFileSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { openTestHome } from '../testing/home.ts';
import type { TestHome } from '../testing/home.ts';
import { runScript } from '../testing/script.ts';
import { differsFromSnapshot, restoreSnapshot, saveDirectory, storeStats } from './index.ts';
import { savedTree } from './saved-tree.fixture.ts';
import type { WorkspaceWorld } from './world.ts';

const url = (path: string) => JSON.stringify(new URL(path, import.meta.url));

/** A clock ahead of the disk's, so that files are believed to be at rest at once. */
const remembering = ({ world, place }: TestHome): WorkspaceWorld => ({
  ...world,
  clock: () => Date.now() + 60_000,
  cacheDirectory: join(place, 'cache'),
});

it('[W37] a directory becomes exactly a snapshot, in place, and tells what went', async () => {
  await using home = await openTestHome();
  const tree = await savedTree(home);
  await restoreSnapshot(home.world, 'web', join(home.place, 'first'));
  rmSync(join(tree, 'src'), { recursive: true });
  writeFileSync(join(tree, 'src'), 'a file now');
  for (const name of ['more', 'much more']) writeFileSync(join(tree, name), name);
  const changed = await saveDirectory(home.world, tree, { workspace: 'web' });
  const options = { exact: true } as const;
  const dry = await restoreSnapshot(home.world, 'web@1', tree, { ...options, dryRun: true });
  expect(readdirSync(tree).length).toBe(4);
  const { plan } = await restoreSnapshot(home.world, 'web@1', tree, options);
  expect(plan).toEqual(dry.plan);
  expect([plan.added.count, plan.replaced.count, plan.removed.count, plan.unchanged]).toEqual([1, 1, 2, 1]);
  expect(differences(join(home.place, 'first'), tree)).toEqual([]);
  const back = await restoreSnapshot(home.world, 'web@2', tree, options);
  expect(back).toMatchObject({ digest: changed.digest, plan: { removed: { count: 1 } } });
  await expectCode('bad_input', restoreSnapshot(home.world, 'web', tree, { ...options, path: 'more' }));
});

it('[W38] the next save after that opens no file, nor does another such restore, or a look for differences', async () => {
  await using home = await openTestHome();
  const tree = join(home.place, 'tree');
  mkdirSync(join(tree, 'd'), { recursive: true });
  for (let file = 0; file < 40; file++) writeFileSync(join(tree, file % 2 ? 'd' : '', `${file}`), `${file}`);
  const script = `
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    let opened = 0;
    const real = fs.openSync;
    fs.openSync = (path, flags, ...rest) => {
      const isFile = String(path).startsWith('/proc/self/fd/') && (flags & fs.constants.O_DIRECTORY) === 0;
      if (isFile) opened++;
      return real(path, flags, ...rest);
    };
    syncBuiltinESMExports();
    const { openTestHome } = await import(${url('../testing/home.ts')});
    const { differsFromSnapshot, restoreSnapshot, saveDirectory } = await import(${url('./index.ts')});
    await using home = await openTestHome();
    const world = { ...home.world, clock: () => Date.now() + 60_000, cacheDirectory: home.place + '/cache' };
    const tree = ${JSON.stringify(tree)};
    const count = async (work) => {
      opened = 0;
      const { digest, plan } = await work();
      console.log(opened, digest?.slice(0, 8), plan?.replaced.count, plan?.removed.count);
    };
    const save = () => saveDirectory(world, tree, { workspace: 'web' });
    const restore = (ref, options) => restoreSnapshot(world, ref, tree, { exact: true, ...options });
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { digest } = await save();
    console.log(digest.slice(0, 8));
    fs.writeFileSync(tree + '/d/1', 'one');
    fs.writeFileSync(tree + '/more', 'more');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await count(save);
    await count(() => restore('web@1', { byLooks: true }));
    await count(save);
    await count(() => restore('web@2'));
    await count(save);
    await count(async () => ({ digest: String(await differsFromSnapshot(world, tree, 'web@2')) }));
    await count(async () => ({ digest: String(await differsFromSnapshot(world, tree, 'web@1')) }));
  `;
  const lines = runScript(script).trim().split('\n');
  const [one] = lines;
  const two = lines[1]!.split(' ')[1];
  expect(one).not.toBe(two);
  expect(lines.slice(1)).toEqual([
    `2 ${two} undefined undefined`,
    // The one that it writes.
    `1 ${one} 1 1`,
    `0 ${one} undefined undefined`,
    // 39 that could be equal, and two that it writes.
    `41 ${two} 1 0`,
    `0 ${two} undefined undefined`,
    '0 false undefined undefined',
    '0 true undefined undefined',
  ]);
});

it('[W39] whether a directory differs from a snapshot can be asked, and nothing is stored', async () => {
  await using home = await openTestHome();
  const world = remembering(home);
  const tree = await savedTree({ ...home, world });
  const before = (await storeStats(world)).storedBytes;
  const differs = (ref = 'web') => differsFromSnapshot(world, tree, ref);
  expect(await differs()).toBe(false);
  utimesSync(join(tree, 'readme'), 1, 1);
  expect(await differs()).toBe(false);
  appendFileSync(join(tree, 'readme'), 'more');
  expect(await differs()).toBe(true);
  expect((await storeStats(world)).storedBytes).toBe(before);
  await saveDirectory(world, tree, { workspace: 'web' });
  expect([await differs(), await differs('web@1')]).toEqual([false, true]);
  await restoreSnapshot(world, 'web@1', tree, { exact: true });
  expect([await differs(), await differs('web@1')]).toEqual([true, false]);
  expect(await differsFromSnapshot(world, join(tree, 'src'), 'web:src')).toBe(false);
  await expectCode('snapshot_not_found', differs('web@3'));
  await expectCode('not_found', differsFromSnapshot(world, join(tree, 'none'), 'web'));
});
