import {
  chmodSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';

import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import type { EngineOptions } from './index.ts';
import { newPlace, save, using } from './place.fixture.ts';
import type { Place } from './place.fixture.ts';

const restore = (place: Place, name?: string, options?: EngineOptions) =>
  using(place, (engine) => engine.workspaces.restore('web', place.out(name)), options);

const storedFiles = (place: Place) =>
  readdirSync(join(place.home, 'store'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

describe('a home', () => {
  it('[E15] makes a root key at first use, for its owner only, and says so once', async () => {
    const place = newPlace();
    const notices = await using(place, async (engine) => {
      await engine.workspaces.save(place.tree);
      return engine.takeNotices();
    });
    const key = join(place.home, 'keys', 'root.key');
    expect(notices.join()).toContain(key);
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(readFileSync(key, 'utf8')).toMatch(/^#.*\n#.*\nstrata-root-key-1 [0-9A-Z-]+\n$/);
    expect(await using(place, async (engine) => (await engine.keys.status(), engine.takeNotices()))).toEqual(
      [],
    );
  });

  it('[E15] warns when others may read the key file', async () => {
    const place = newPlace();
    await save(place);
    chmodSync(join(place.home, 'keys', 'root.key'), 0o644);
    const notices = await using(place, async (engine) => (await engine.keys.status(), engine.takeNotices()));
    expect(notices.join()).toContain('chmod 600');
  });

  it('[E16] needs the right key: another is wrong_key, a lost one is not made anew', async () => {
    const place = newPlace();
    await save(place);
    const key = join(place.home, 'keys', 'root.key');
    renameSync(key, place.out('kept.key'));
    await expectCode('wrong_key', restore(place));
    expect(existsSync(key)).toBe(false);
    const other = newPlace();
    await save(other);
    writeFileSync(key, readFileSync(join(other.home, 'keys', 'root.key')));
    await expectCode('wrong_key', restore(place));
    writeFileSync(key, 'no key at all\n');
    await expectCode('bad_input', restore(place));
    expect(existsSync(place.out())).toBe(false);
    renameSync(place.out('kept.key'), key);
    await restore(place);
  });

  it('[E17] takes the recovery key as a key file', async () => {
    const place = newPlace();
    await save(place);
    const recovery = await using(place, (engine) => engine.keys.exportRecovery());
    writeFileSync(join(place.home, 'keys', 'root.key'), `${recovery}\n`, { mode: 0o600 });
    await restore(place);
    expect(differences(place.tree, place.out())).toEqual([]);
  });

  it.each([
    ['a passphrase in a variable', 'passphrase_env: SECRET', { SECRET: 'correct horse battery' }],
    ['a passphrase in a file', 'passphrase_file: phrase.txt', {}],
  ])('[E18] opens with %s, and with no other', async (_name, source, env) => {
    const place = newPlace(`storage:\n  encryption:\n    ${source}\n`);
    writeFileSync(join(place.home, 'phrase.txt'), 'correct horse battery\n');
    await save(place, { env });
    await restore(place, 'out', { env });
    expect(differences(place.tree, place.out())).toEqual([]);
    expect(existsSync(join(place.home, 'keys'))).toBe(false);
    writeFileSync(join(place.home, 'phrase.txt'), 'another passphrase\n');
    await expectCode('wrong_key', restore(place, 'other', { env: { SECRET: 'another passphrase' } }));
  });

  it('[E18] opens with what a command prints, and says when it fails', async () => {
    const place = newPlace();
    await save(place);
    const key = join(place.home, 'keys', 'root.key');
    const config = (script: string) => {
      writeFileSync(
        join(place.home, 'strata.yaml'),
        `storage:\n  encryption:\n    key_command: [sh, -c, ${script}]\n`,
      );
    };
    config(`cat ${key}`);
    await restore(place);
    config('echo nothing');
    await expectCode('bad_input', restore(place, 'other'));
    config('exit 3');
    await expectCode('unavailable', restore(place, 'other'));
  });

  it('[E85] starts the threads of a restore before the store is opened, and ends them where that fails', async () => {
    const place = newPlace();
    for (let file = 0; file < 600; file++) writeFileSync(join(place.tree, String(file)), `${file}`);
    await save(place);
    const started: Worker[] = [];
    const onWorker = (worker: Worker) => void started.push(worker);
    process.on('worker', onWorker);
    onTestFinished(() => void process.off('worker', onWorker));
    await restore(place);
    expect(differences(place.tree, place.out())).toEqual([]);
    const threads = started.length;
    renameSync(join(place.home, 'store'), join(place.home, 'elsewhere'));
    await expectCode('unavailable', restore(place, 'other'));
    // With a single processor nobody starts any.
    expect(started).toHaveLength(2 * threads);
    expect(threads > 0).toBe(availableParallelism() > 1);
    expect(new Set(started.map(({ threadId }) => threadId))).toEqual(new Set(threads > 0 ? [-1] : []));
  });

  it('[E19] rotates the root key: the old one opens nothing any more', async () => {
    const place = newPlace();
    await save(place);
    const key = join(place.home, 'keys', 'root.key');
    const old = readFileSync(key);
    const before = await using(place, (engine) => engine.keys.status());
    const after = await using(place, (engine) => engine.keys.rotateRoot());
    expect(after).toMatchObject({ storeId: before.storeId, tenants: before.tenants });
    expect(after.rootKey).not.toBe(before.rootKey);
    expect(await using(place, (engine) => engine.keys.status())).toEqual(after);
    await restore(place);
    expect(readdirSync(join(place.home, 'keys'))).toEqual(['root.key']);
    expect(await using(place, (engine) => engine.store.verify({ readData: true }))).toMatchObject({
      ok: true,
    });
    writeFileSync(key, old);
    await expectCode('wrong_key', restore(place, 'other'));
  });

  it('[E20] comes back from the store alone when its database is lost', async () => {
    const place = newPlace();
    const saved = await save(place);
    rmSync(join(place.home, 'db'), { recursive: true });
    await expectCode('not_found', restore(place));
    const rebuilt = await using(place, (engine) => engine.store.rebuildIndex());
    expect(rebuilt).toMatchObject({ workspaces: 1, snapshots: 1, unreadable: [] });
    expect(await restore(place)).toMatchObject({ digest: saved.digest });
    expect(differences(place.tree, place.out())).toEqual([]);
    expect(await save(place)).toMatchObject({ snapshot: 2, newBytes: 0 });
  });

  it('[E21] refuses to start over when its store is gone, or is another one', async () => {
    const place = newPlace();
    await save(place);
    renameSync(join(place.home, 'store'), place.out('moved'));
    await expectCode('unavailable', save(place));
    expect(existsSync(join(place.home, 'store'))).toBe(false);
    const other = newPlace();
    await save(other);
    renameSync(join(other.home, 'store'), join(place.home, 'store'));
    await expectCode('not_ours', save(place));
  });

  it('[E22] keeps tenants apart: the same file shares nothing in the store', async () => {
    const place = newPlace();
    const first = await save(place, { tenant: 'first' });
    const second = await save(place, { tenant: 'second' });
    expect(second.newBytes).toBe(first.newBytes);
    expect(new Set(storedFiles(place).map((file) => readFileSync(file).toString('latin1'))).size).toBe(
      storedFiles(place).length,
    );
  });

  it('[E23] has no name, no content and no key in any stored file', async () => {
    const place = newPlace();
    await save(place);
    const files = storedFiles(place);
    expect(files.length).toBeGreaterThan(6);
    for (const file of files) {
      const bytes = readFileSync(file);
      for (const word of ['secret line', 'deep', 'web', 'default'])
        expect(bytes.includes(word), `${word} in ${file}`).toBe(false);
      expect(file.slice(place.home.length)).toMatch(/^\/store\/[a-z0-9/]+$/);
      expect(statSync(file).mode & 0o077).toBe(0);
    }
  });

  it('[E25] makes nothing when nothing is saved', async () => {
    const place = newPlace();
    expect(await using(place, (engine) => engine.workspaces.list())).toEqual([]);
    await expectCode('not_found', restore(place));
    await expectCode(
      'not_found',
      using(place, (engine) => engine.store.verify()),
    );
    await expectCode(
      'not_found',
      using(place, (engine) => engine.store.rebuildIndex()),
    );
    await expectCode(
      'not_found',
      using(place, (engine) => engine.keys.status()),
    );
    const none = join(place.home, 'none');
    for (const [code, directory, options] of [
      ['not_found', none, { workspace: 'web' }],
      ['bad_input', place.tree, { workspace: 'a b' }],
      ['bad_input', place.tree, { exclude: ['['] }],
    ] as const) {
      await expectCode(
        code,
        using(place, (engine) => engine.workspaces.save(directory, options)),
      );
    }
    await expectCode('bad_input', save(place, { tenant: 'a b' }));
    expect(readdirSync(place.home)).toEqual([]);
    await save(place);
    await expectCode('not_found', restore(place, 'out', { tenant: 'other' }));
    const { tenants } = await using(place, (engine) => engine.keys.status());
    expect(tenants.map(({ name }) => name)).toEqual(['default']);
  });

  it('[E24] takes two first uses at once', async () => {
    const place = newPlace();
    const [a, b] = await Promise.all([save(place), save(place)]);
    expect([a.snapshot, b.snapshot].sort()).toEqual([1, 2]);
    expect(await using(place, (engine) => engine.store.verify({ readData: true }))).toMatchObject({
      ok: true,
    });
  });
});
