import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import type { Store } from '../store/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { openTestHome } from '../testing/home.ts';
import type { TestHome } from '../testing/home.ts';
import { describeWith } from '../testing/need.ts';
import { addSpecialFiles, makeOddTree } from '../testing/odd-tree.ts';
import {
  exportArchive,
  importArchive,
  listWorkspaces,
  prepareImport,
  restoreSnapshot,
  saveDirectory,
} from './index.ts';
import { savedTree } from './saved-tree.fixture.ts';

/** Names of this depth are the longest that programs take as one path. */
const ODD = { sparseBytes: 3_000_000, bulkBytes: 500_000, depth: 12 };

function makeTree(tree: string): void {
  makeOddTree(tree, ODD);
  // What neither a header nor text has room for.
  const long = Buffer.concat([
    Buffer.from(join(tree, 'd'.repeat(120))),
    Buffer.from('/'),
    Buffer.alloc(200, 0xff),
  ]);
  mkdirSync(join(tree, 'd'.repeat(120)));
  writeFileSync(long, 'a long name that is no text');
  mkdirSync(Buffer.concat([long, Buffer.from(' directory')]));
  symlinkSync(Buffer.alloc(300, 0xfe), Buffer.concat([long, Buffer.from(' link')]));
}

async function exported({ world }: TestHome, ref: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const result = await exportArchive(world, ref, async (part) => parts.push(part) > 0);
  const archive = Buffer.concat(parts);
  expect(result.archiveBytes).toBe(archive.length);
  return archive;
}

async function imported({ world }: TestHome, bytes: Uint8Array, workspace: string) {
  const parts = (async function* () {
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
  })();
  const options = { workspace };
  return importArchive(world, await prepareImport(parts, options), options);
}

function run(command: string, words: readonly string[], input?: Uint8Array, env: object = {}): Buffer {
  const options = { env: { ...process.env, ...env }, maxBuffer: 2 ** 30, ...(input && { input }) };
  const { status, stdout, stderr, error } = spawnSync(command, words, options);
  if (status !== 0) throw error ?? new Error(`${command} ended with ${status}: ${stderr.toString()}`);
  return stdout;
}

describe('GNU tar', () => {
  it.each(['C', 'C.UTF-8'])(
    '[A1] [W14] unpacks an export to what a restore makes, in the locale %s',
    async (locale) => {
      await using home = await openTestHome();
      const tree = join(home.place, 'odd');
      makeTree(tree);
      await saveDirectory(home.world, tree, { workspace: 'odd' });
      const out = join(home.place, 'out');
      mkdirSync(out);
      run('tar', ['-xpf', '-', '-C', out], await exported(home, 'odd'), { LC_ALL: locale });
      expect(differences(tree, out)).toEqual([]);
    },
  );

  it.each([['--format=posix'], ['--format=gnu'], ['--format=posix', '--hard-dereference'], ['--sort=name']])(
    '[A4] [W15] is read to the digest of a save: %s %s',
    async (...flags) => {
      await using home = await openTestHome();
      const tree = join(home.place, 'odd');
      makeTree(tree);
      const saved = await saveDirectory(home.world, tree, { workspace: 'odd' });
      const options = flags.filter((flag) => flag !== undefined);
      const archive = run('tar', [...options, '-cf', '-', '-C', tree, '.']);
      const { digest, newBytes, snapshot } = await imported(home, archive, 'odd');
      expect({ digest, newBytes, snapshot }).toEqual({ digest: saved.digest, newBytes: 0, snapshot: 2 });
    },
  );

  it.each(['ustar', 'v7'])('[A4] [W15] is read to the digest of a save: --format=%s', async (format) => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    mkdirSync(join(tree, 'p'.repeat(40), 'empty'), { recursive: true });
    linkSync(join(tree, 'readme'), join(tree, 'linked'));
    symlinkSync('readme', join(tree, 'symlink'));
    const saved = await saveDirectory(home.world, tree, { workspace: 'web' });
    const archive = run('tar', [`--format=${format}`, '-cf', '-', '-C', tree, '.']);
    expect((await imported(home, archive, 'other')).digest).toBe(saved.digest);
  });
});

describeWith(['python3'], "Python's tarfile", () => {
  const extract = `import sys, tarfile
with tarfile.open(fileobj=sys.stdin.buffer, mode='r|', errorlevel=2) as tar:
    tar.extraction_filter = (lambda member, path: member)
    tar.extractall(sys.argv[1])`;

  it('[A1] [W14] unpacks an export to what a restore makes', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'odd');
    makeTree(tree);
    await saveDirectory(home.world, tree, { workspace: 'odd' });
    const out = join(home.place, 'out');
    mkdirSync(out);
    run('python3', ['-c', extract, out], await exported(home, 'odd'));
    // It leaves the times of symlinks alone.
    expect(differences(tree, out).filter((line) => !isTimeOfLink(line))).toEqual([]);
  });

  it.each(['PAX', 'GNU'])(
    '[A4] [W15] writes in its %s format what is read to the digest of a save',
    async (format) => {
      await using home = await openTestHome();
      const tree = join(home.place, 'odd');
      makeTree(tree);
      const saved = await saveDirectory(home.world, tree, { workspace: 'odd' });
      const create = `import sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode='w|', format=tarfile.${format}_FORMAT) as tar:
    tar.add(sys.argv[1], '.')`;
      const archive = run('python3', ['-c', create, tree]);
      expect((await imported(home, archive, 'other')).digest).toBe(saved.digest);
    },
  );
});

/** Of two links that differ in their times alone. */
function isTimeOfLink(line: string): boolean {
  const [a, b] = line.slice(line.lastIndexOf('": ') + 3).split(' ≠ ');
  const facts = (text = '') => text.split(' ').filter((_, at) => at !== 2);
  return a?.startsWith('l ') === true && facts(a).join(' ') === facts(b).join(' ');
}

describe('exports', () => {
  it('[W14] come back by an import as they were, and are the same each time', async () => {
    await using home = await openTestHome();
    const tree = join(home.place, 'odd');
    makeOddTree(tree, { sparseBytes: 3_000_000, bulkBytes: 500_000 });
    const saved = await saveDirectory(home.world, tree, { workspace: 'odd' });
    const archive = await exported(home, 'odd@1');
    expect(archive.equals(await exported(home, 'odd'))).toBe(true);
    const again = await imported(home, archive, 'again');
    expect(again).toMatchObject({ digest: saved.digest, files: saved.files, newBytes: 0, leftOut: [] });
    await restoreSnapshot(home.world, 'again', join(home.place, 'back'));
    expect(differences(tree, join(home.place, 'back'))).toEqual([]);
  });

  it('[W14] may be of a directory in a snapshot, and of nothing else', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    const sub = await saveDirectory(home.world, join(tree, 'src'), { workspace: 'src' });
    const result = await exportArchive(home.world, 'web:src', async () => true);
    expect(result).toMatchObject({ workspace: 'web', snapshot: 1, digest: sub.digest, files: 1 });
    expect((await imported(home, await exported(home, 'web:src'), 'copy')).digest).toBe(sub.digest);
    await expectCode('bad_input', exported(home, 'web:readme'));
    await expectCode('path_not_found', exported(home, 'web:nothing'));
    await expectCode(
      'cancelled',
      exportArchive(home.world, 'web', async () => true, { signal: AbortSignal.abort() }),
    );
  });
});

describe('imports', () => {
  const archiveIn = (home: TestHome) => run('tar', ['-cf', '-', '-C', join(home.place, 'tree'), '.']);

  it('[W15] leave no trace when anything is wrong', async () => {
    await using home = await openTestHome();
    await savedTree(home);
    const archive = archiveIn(home);
    for (const bytes of [
      archive.subarray(0, 1536),
      Buffer.concat([archive.subarray(0, 1024), Buffer.alloc(512, 'x')]),
    ])
      await expectCode('bad_input', imported(home, bytes, 'other'));
    await expectCode('bad_input', imported(home, archive, 'no name'));
    const names = (await listWorkspaces(home.database.kysely, 'default')).map(({ name }) => name);
    expect(names).toEqual(['web']);
    expect(await home.database.kysely.selectFrom('intents').selectAll().execute()).toEqual([]);
  });

  it('[W15] say what they left out', async () => {
    await using home = await openTestHome();
    const tree = await savedTree(home);
    await addSpecialFiles(tree);
    const result = await imported(home, archiveIn(home), 'other');
    expect(result.leftOut.map(({ what }) => what)).toEqual(expect.arrayContaining(['fifo', 'specialBits']));
    expect(result.warnings.join()).toMatch(/FIFOs are left out: fifo.*setuid.*: sticky/s);
    rmSync(join(tree, 'fifo'));
  });

  it('[W15] find a store that is full', async () => {
    let full = false;
    const wrap = (store: Store): Store => ({
      ...store,
      put: async (name, body, options) => {
        if (full && name.includes('/data/')) throw new Error('planted: the store takes nothing');
        return store.put(name, body, options);
      },
    });
    await using home = await openTestHome(wrap);
    const tree = await savedTree(home);
    writeFileSync(join(tree, 'new'), 'new bytes');
    full = true;
    await expect(imported(home, archiveIn(home), 'other')).rejects.toThrow('planted');
    expect(await listWorkspaces(home.database.kysely, 'default')).toHaveLength(1);
    expect(await home.database.kysely.selectFrom('intents').selectAll().execute()).toEqual([]);
  });
});
