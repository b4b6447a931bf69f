import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { Store } from '../store/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode, failureOf } from '../testing/expect-code.ts';
import { collect, openTestHome } from '../testing/home.ts';
import type { TestHome } from '../testing/home.ts';
import { noise } from '../testing/noise.ts';
import { failing } from '../testing/stores.ts';
import { collectTenant, rebuildIndex, verifyStore } from '../vault/index.ts';
import {
  cat,
  forgetSnapshots,
  forkWorkspace,
  listSnapshots,
  listWorkspaces,
  recoverWorkspaces,
  removeWorkspace,
  restoreSnapshot,
  saveDirectory,
} from './index.ts';
import type { WorkspaceWorld } from './index.ts';
import { savedTree, tenantOf } from './saved-tree.fixture.ts';

const AT_ONCE = { deletion: 0, leap: Infinity };

const heads = async (store: Store) =>
  (await collect(store.list('tenants/'))).map(({ name }) => name).filter((name) => name.includes('/heads/'));

const numbers = async (home: TestHome) =>
  (await listSnapshots(home.database.kysely, tenantOf(home), 'web')).map(({ snapshot }) => snapshot).sort();

async function expectRestored({ world, place }: TestHome, ref: string, tree: string): Promise<void> {
  const out = join(place, 'out');
  await restoreSnapshot(world, ref, out);
  expect(differences(tree, out)).toEqual([]);
  rmSync(out, { recursive: true });
}

describe('a workspace that is removed', () => {
  it('[W17] is gone with all its snapshots and heads; its forks stay whole', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    await saveDirectory(home.world, tree, { workspace: 'web' });
    await forkWorkspace(home.world, 'web@1', 'copy');
    expect(await removeWorkspace(home.world, 'web')).toEqual({
      workspace: 'web',
      forgotten: [1, 2],
      kept: [],
    });
    expect((await listWorkspaces(home.database.kysely, 'default')).map(({ name }) => name)).toEqual(['copy']);
    expect(await heads(home.store)).toHaveLength(1);
    await expectCode('workspace_not_found', removeWorkspace(home.world, 'web'));
    await collectTenant(home.vault.world, home.world.vault, AT_ONCE);
    await expectRestored(home, 'copy', tree);
  });

  it('[W17] leaves less than a megabyte when it was the last one and the store was collected', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'large');
    mkdirSync(tree);
    for (let at = 0; at < 20; at++) writeFileSync(join(tree, `${at}`), noise(`${at}`, 500_000));
    await saveDirectory(home.world, tree, { workspace: 'web' });
    await removeWorkspace(home.world, 'web');
    await collectTenant(home.vault.world, home.world.vault, AT_ONCE);
    const sizes = (await collect(home.store.list(''))).map(({ size }) => size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(1_000_000);
    await saveDirectory(home.world, tree, { workspace: 'web' });
    await expectRestored(home, 'web@1', tree);
  });
});

describe('snapshots that are forgotten', () => {
  it('[W18] are the one that is named, or those that no rule keeps; the latest stays', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    for (let more = 0; more < 4; more++) await saveDirectory(home.world, tree, { workspace: 'web' });
    expect((await forgetSnapshots(home.world, 'web@2')).forgotten).toEqual([2]);
    expect((await forgetSnapshots(home.world, 'web', { keepLast: 2, dryRun: true })).forgotten).toEqual([
      1, 3,
    ]);
    expect(await numbers(home)).toEqual([1, 3, 4, 5]);
    expect((await forgetSnapshots(home.world, 'web', { keepLast: 2 })).kept).toEqual([4, 5]);
    expect(await heads(home.store)).toHaveLength(2);
    await expectCode('refused', forgetSnapshots(home.world, 'web@5'));
    await expectCode('snapshot_not_found', forgetSnapshots(home.world, 'web@2'));
    await expectCode('bad_input', forgetSnapshots(home.world, 'web'));
    await expectCode('bad_input', forgetSnapshots(home.world, 'web@4', { keepLast: 1 }));
    expect((await saveDirectory(home.world, tree, { workspace: 'web' })).snapshot).toBe(6);
  });

  it('[W19] are gone also where the store lets nothing be deleted, which is said; a collection takes away the rest', async () => {
    let isLocked = false;
    const fails = (call: string) => (isLocked && call === 'delete' ? ('before' as const) : undefined);
    await using home = await openTestHome((store) => failing(store, fails));
    const tree = await savedTree(home);
    await saveDirectory(home.world, tree, { workspace: 'web' });
    isLocked = true;
    const error = await failureOf(forgetSnapshots(home.world, 'web', { keepLast: 1 }));
    expect(error.message).toMatch(/^forgotten here, but the store still tells of it: /);
    expect(error.hint).toMatch(/`strata store gc`/);
    expect(await numbers(home)).toEqual([2]);
    expect(await heads(home.store)).toHaveLength(2);
    isLocked = false;
    await collectTenant(home.vault.world, home.world.vault, AT_ONCE);
    expect(await heads(home.store)).toHaveLength(1);
  });

  it('[W19] do not come back with a head that a crash has left, nor with one that is published late', async () => {
    let action: (() => Promise<unknown>) | undefined;
    await using home = await openTestHome((store) => ({
      ...store,
      put: async (name, body, options) => {
        const run = action;
        if (run !== undefined && name.includes('/heads/')) {
          action = undefined;
          await run();
        }
        return store.put(name, body, options);
      },
      delete: async (name, options) => {
        if (name.includes('/heads/') && name.endsWith('1')) return;
        return store.delete(name, options);
      },
    }));
    const tree = await savedTree(home);
    await saveDirectory(home.world, tree, { workspace: 'web' });
    await forgetSnapshots(home.world, 'web@1');
    expect(await heads(home.store)).toHaveLength(2);
    await collectTenant(home.vault.world, home.world.vault, AT_ONCE);
    expect((await verifyStore(home.vault, { readData: true })).problems).toEqual([]);
    await rebuildIndex(home.vault.world, home.world.vault);
    await recoverWorkspaces(home.world);
    expect(await numbers(home)).toEqual([2]);
    // Removed by another process while its third head is on the way.
    action = () => removeWorkspace(home.world, 'web');
    await saveDirectory(home.world, tree, { workspace: 'web' });
    expect((await heads(home.store)).filter((name) => !name.endsWith('1'))).toEqual([]);
    expect(await recoverWorkspaces(home.world)).toMatchObject({ snapshots: 0 });
  });
});

describe('what is remembered of a directory', () => {
  /** Many entries and many chunks: nodes that are only referred to by other nodes. */
  function makeLarge(tree: string): void {
    makeMany(join(tree, 'many'), 1500);
    writeFileSync(join(tree, 'long'), noise('long', 2_500_000));
  }

  function makeMany(directory: string, count: number): void {
    mkdirSync(directory, { recursive: true });
    for (let at = 0; at < count; at++) writeFileSync(join(directory, `file ${10_000 + at}`), '');
  }

  const expectSavedAgain = async (home: TestHome, world: WorkspaceWorld, tree: string) => {
    await saveDirectory(world, tree, { workspace: 'again' });
    expect((await verifyStore(home.vault, { readData: true })).problems).toEqual([]);
    await expectRestored(home, 'again', tree);
  };

  /** A clock ahead of the disk's, so that files are believed to be at rest at once. */
  const remembering = ({ world, place }: TestHome): WorkspaceWorld => ({
    ...world,
    clock: () => Date.now() + 60_000,
    cacheDirectory: join(place, 'cache'),
  });

  it('[W20] makes no snapshot that lacks what was collected meanwhile', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'tree');
    makeMany(join(tree, 'many'), 1500);
    const world = remembering(home);
    await saveDirectory(world, tree, { workspace: 'web' });
    // The new top of the tree lies in a pack beside much that stays needed, and what is below it in one that goes. Empty files need no chunk.
    makeMany(join(tree, 'stays'), 4000);
    writeFileSync(join(tree, 'many', 'another'), '');
    await saveDirectory(world, tree, { workspace: 'web' });
    await saveDirectory(world, join(tree, 'stays'), { workspace: 'stays' });
    await removeWorkspace(world, 'web');
    await collectTenant(home.vault.world, world.vault, AT_ONCE);
    await expectSavedAgain(home, world, tree);
  });

  it('[W20] heals what a verification found missing', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'tree');
    makeLarge(tree);
    const world = remembering(home);
    await saveDirectory(world, tree, { workspace: 'web' });
    const first = (await collect(home.store.list('tenants/'))).filter(({ name }) => name.includes('/tree/'));
    writeFileSync(join(tree, 'many', 'file 10000'), 'other');
    await saveDirectory(world, tree, { workspace: 'web' });
    for (const { name } of first) await home.store.delete(name);
    expect((await verifyStore(home.vault)).ok).toBe(false);
    await saveDirectory(world, tree, { workspace: 'web' });
    await expectRestored(home, 'web@3', tree);
  });
});

it('[V92] what is looked into while it is saved anew is found whole', async () => {
  let action: (() => Promise<unknown>) | undefined;
  await using home = await openTestHome((store) => ({
    ...store,
    get: async (name, options) => {
      const run = action;
      action = undefined;
      await run?.();
      return store.get(name, options);
    },
  }));
  const tree = await savedTree(home);
  const fresh = { ...home.world, vault: await home.vault.tenant('default') };
  writeFileSync(join(tree, 'readme'), 'another\n');
  action = () => saveDirectory(home.world, tree, { workspace: 'web' });
  const text = Buffer.concat(await collect(cat(fresh, 'web:readme'))).toString();
  expect(['read me\n', 'another\n']).toContain(text);
});
