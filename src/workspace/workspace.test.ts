import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { StrataError, isStrataError } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { collect, openTestHome } from '../testing/home.ts';
import { makeOddTree } from '../testing/odd-tree.ts';
import { displayPath } from '../tree/index.ts';
import {
  cat,
  compare,
  forkWorkspace,
  list,
  listSnapshots,
  listWorkspaces,
  manifest,
  restoreSnapshot,
  saveDirectory,
  storeStats,
} from './index.ts';
import { savedTree, tenantOf } from './saved-tree.fixture.ts';

const text = async (bytes: AsyncIterable<Uint8Array>) => Buffer.concat(await collect(bytes)).toString();

/** Refuses every put of a name that matches, as a full disk would. */
function refusing(pattern: RegExp): (store: Store) => Store {
  return (store) => ({
    ...store,
    put: async (name, body, options) => {
      if (pattern.test(name)) throw new StrataError('disk_full', `cannot write ${name}: no space left`);
      return store.put(name, body, options);
    },
  });
}

describe('workspaces', () => {
  it('[W1] brings a directory back with everything that is hard to keep', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'odd');
    makeOddTree(tree);
    const saved = await saveDirectory(home.world, tree, { workspace: 'odd' });
    const restored = await restoreSnapshot(home.world, 'odd', join(home.place, 'back'));
    expect(differences(tree, join(home.place, 'back'))).toEqual([]);
    expect(restored).toMatchObject({
      digest: saved.digest,
      files: saved.files,
      bytes: saved.bytes,
      snapshot: 1,
    });
    const again = await saveDirectory(home.world, join(home.place, 'back'), { workspace: 'odd' });
    expect(again).toMatchObject({ digest: saved.digest, newBytes: 0, storedBytes: 0 });
  });

  it('[W2] numbers snapshots from 1, and finds them by number and by id', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    for (const line of ['two\n', 'three\n']) {
      writeFileSync(join(tree, 'src', 'main.ts'), line);
      await saveDirectory(home.world, tree, { workspace: 'web', message: line.trim() });
    }
    const log = await listSnapshots(home.database.kysely, tenantOf(home), 'web');
    expect(log.map(({ snapshot, message }) => [snapshot, message])).toEqual([
      [3, 'three'],
      [2, 'two'],
      [1, ''],
    ]);
    expect(await text(cat(home.world, 'web@2:src/main.ts'))).toBe('two\n');
    expect(await text(cat(home.world, `web@${log[2]?.id}:src/main.ts`))).toBe('one\n');
    expect(await text(cat(home.world, 'web:src/main.ts'))).toBe('three\n');
  });

  it.each([/\/data\//, /\/tree\//, /\/index\//])(
    '[W3] leaves nothing behind when the store refuses %s',
    async (pattern) => {
      await using home = await openTestHome(refusing(pattern));
      await expectCode('disk_full', savedTree(home));
      expect(await listWorkspaces(home.database.kysely, 'default')).toEqual([]);
      for (const table of ['intents', 'segments', 'snapshots', 'workspaces'] as const) {
        expect(await home.database.kysely.selectFrom(table).selectAll().execute()).toEqual([]);
      }
    },
  );

  it('[W3] leaves nothing behind when it is cancelled', async () => {
    await using home = await openTestHome();
    const stop = new AbortController();
    const tree = join(home.place, 'tree');
    makeOddTree(tree);
    const saving = saveDirectory(home.world, tree, { signal: stop.signal, onProgress: () => stop.abort() });
    await expectCode('cancelled', saving);
    expect(await listWorkspaces(home.database.kysely, 'default')).toEqual([]);
  });

  it('[W4] publishes a head that was kept back with the next save', async () => {
    let broken = false;
    await using home = await openTestHome((store) => ({
      ...store,
      put: async (name, body, options) => {
        if (broken && name.includes('/heads/')) throw new StrataError('unavailable', 'the store is away');
        return store.put(name, body, options);
      },
    }));
    const tree = await savedTree(home);
    const heads = async () => (await collect(home.world.vault.heads())).map(({ seq }) => seq);
    expect(await heads()).toEqual([1]);
    broken = true;
    await expect(saveDirectory(home.world, tree, { workspace: 'web' })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('web@2 is saved'),
    });
    expect(await heads()).toEqual([1]);
    broken = false;
    await saveDirectory(home.world, tree, { workspace: 'web' });
    expect(await heads()).toEqual([1, 2, 3]);
  });

  it('[W5] keeps both of two saves at once', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const other = join(home.place, 'other');
    mkdirSync(other);
    writeFileSync(join(other, 'file'), 'other\n');
    const [a, b] = await Promise.all([
      saveDirectory(home.world, tree, { workspace: 'web' }),
      saveDirectory(home.world, other, { workspace: 'web' }),
    ]);
    expect([a.snapshot, b.snapshot].sort()).toEqual([2, 3]);
    await restoreSnapshot(home.world, `web@${a.snapshot}`, join(home.place, 'a'));
    await restoreSnapshot(home.world, `web@${b.snapshot}`, join(home.place, 'b'));
    expect(differences(tree, join(home.place, 'a'))).toEqual([]);
    expect(differences(other, join(home.place, 'b'))).toEqual([]);
  });

  it('[W7] says what is near, and what the latest snapshot is', async () => {
    await using home = await openTestHome();
    await savedTree(home);
    const failure = async (ref: string) => {
      try {
        await restoreSnapshot(home.world, ref, join(home.place, 'out'));
      } catch (error) {
        if (isStrataError(error)) return { code: error.code, hint: error.hint };
      }
      return undefined;
    };
    expect(await failure('wbe')).toEqual({ code: 'workspace_not_found', hint: 'Did you mean web?' });
    expect((await failure('run-0123456789ab'))?.hint).toContain('strata runs');
    expect((await failure('elsewhere'))?.hint).toContain('workspaces list');
    expect((await failure('web@7'))?.hint).toContain('The latest is web@1');
    expect((await failure('web@7'))?.code).toBe('snapshot_not_found');
    await expectCode('path_not_found', text(cat(home.world, 'web:src/nothing')));
    await expectCode('bad_input', text(cat(home.world, 'web:src')));
  });

  it('[W8] forks without copying, and the two go their own ways', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const before = (await storeStats(home.world)).storedBytes;
    const forked = await forkWorkspace(home.world, 'web@1', 'copy');
    expect(forked).toMatchObject({
      workspace: 'copy',
      snapshot: 1,
      parent: 'web@1',
      newBytes: 0,
      kind: 'fork',
    });
    expect((await storeStats(home.world)).storedBytes - before).toBeLessThan(2000);
    writeFileSync(join(tree, 'readme'), 'changed\n');
    await saveDirectory(home.world, tree, { workspace: 'copy' });
    expect(await text(cat(home.world, 'web:readme'))).toBe('read me\n');
    expect(await text(cat(home.world, 'copy:readme'))).toBe('changed\n');
    await expectCode('already_exists', forkWorkspace(home.world, 'web', 'copy'));
    await expectCode('workspace_not_found', forkWorkspace(home.world, 'nothing', 'other'));
    await expectCode('bad_input', forkWorkspace(home.world, 'web:src', 'other'));
  });

  it('[W9] lists, compares and tells a snapshot without restoring it', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    appendFileSync(join(tree, 'src', 'main.ts'), 'more\n');
    rmSync(join(tree, 'readme'));
    writeFileSync(join(tree, 'new'), Buffer.alloc(200_000));
    await saveDirectory(home.world, tree, { workspace: 'web' });
    const names = async (ref: string, recursive = false) =>
      (await collect(list(home.world, ref, { recursive }))).map(({ path }) => displayPath(path));
    expect(await names('web@1')).toEqual(['readme', 'src']);
    expect(await names('web@1', true)).toEqual(['readme', 'src', 'src/main.ts']);
    expect(await names('web@1:src')).toEqual(['main.ts']);
    expect(await names('web@1:readme')).toEqual(['readme']);
    const changes = await collect(compare(home.world, 'web@1', 'web@2'));
    expect(changes.map(({ kind, path }) => `${kind} ${displayPath(path)}`)).toEqual([
      'added new',
      'removed readme',
      'changed src/main.ts',
    ]);
    const hole = (await collect(manifest(home.world, 'web'))).find(({ path }) => displayPath(path) === 'new');
    expect(hole).toMatchObject({ size: 200_000, chunks: [null, expect.stringMatching(/^[0-9a-f]{64}$/)] });
    expect(await text(cat(home.world, 'web:new'))).toBe('\0'.repeat(200_000));
  });

  it('[W11] stores an edit, not the tree again', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'big');
    for (let directory = 0; directory < 50; directory++) {
      mkdirSync(join(tree, `d${directory}`), { recursive: true });
      for (let file = 0; file < 100; file++)
        writeFileSync(join(tree, `d${directory}`, `f${file}`), `${directory} ${file}\n`.repeat(50));
    }
    await saveDirectory(home.world, tree);
    appendFileSync(join(tree, 'd7', 'f7'), 'one line more\n');
    const edited = await saveDirectory(home.world, tree);
    expect(edited.newBytes).toBeLessThan(1000);
    expect(edited.storedBytes).toBeLessThan(200_000);
    expect(await saveDirectory(home.world, tree)).toMatchObject({ newBytes: 0, storedBytes: 0, snapshot: 3 });
  });
});
