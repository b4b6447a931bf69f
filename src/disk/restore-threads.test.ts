import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';

import { isStrataError, utf8 } from '../base/index.ts';
import type { StrataError } from '../base/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { describeWith } from '../testing/need.ts';
import { noise, prose } from '../testing/noise.ts';
import { onSmallDisk, runScript } from '../testing/script.ts';
import { overwrite } from '../testing/stores.ts';
import { TestDatabases, committed, openTestVault, testWorld } from '../testing/vault.ts';
import { DirectoryBuilder, packExtents } from '../tree/index.ts';
import type { ContentSource } from '../vault/index.ts';
import { fetchedBy, saveInBlocks } from './blocks.fixture.ts';
import type { SavedInBlocks } from './blocks.fixture.ts';
import { restoreTree } from './restore.ts';
import type { RestoreOptions } from './restore.ts';
import type { Capacity } from './schedule.ts';
import { save, scratch } from './scratch.fixture.ts';

const MIB = 1024 * 1024;
/** So small that almost every row is in a window of its own. */
const TINY: Capacity = { directories: 8, files: 3, links: 1, pieces: 2, names: 4500 };

const CREWS = [{ threads: 2 }, { threads: 0 }, { threads: 1, window: TINY }] as const;

/** Nothing, small ones that share blocks, one that is in two blocks or more, and one in many. */
const CONTENTS = [0, 1, 700, 15_000, 300_000, 4 * MIB].map((length, at) => noise(`content ${at}`, length));

/** Big files over many blocks, in several runs, with copies far away, holes, links, modes and times. */
function makeTree(from: string): void {
  mkdirSync(join(from, 'a', 'b', 'closed'), { recursive: true });
  mkdirSync(join(from, 'z'));
  const big = noise('big', 18 * MIB);
  for (const path of ['a/big', 'z/copy of big', 'a/b/closed/another'])
    writeFileSync(join(from, path), big, { mode: 0o444 });
  for (let number = 0; number < 120; number++)
    writeFileSync(
      join(from, number % 2 === 0 ? 'a' : 'z', `file ${number}`),
      prose(`file ${number % 50}`, 3000),
    );
  writeFileSync(join(from, 'a', 'hole'), noise('before', 70_000));
  truncateSync(join(from, 'a', 'hole'), 3 * MIB);
  writeFileSync(join(from, 'z', 'all hole'), '');
  truncateSync(join(from, 'z', 'all hole'), 5 * MIB);
  writeFileSync(join(from, 'z', 'empty'), '');
  writeFileSync(join(from, 'z', Buffer.from([0xff, 0x0a, 0x80]).toString('latin1')), 'odd name');
  for (const link of ['first', 'second']) symlinkSync('../a/big', join(from, 'z', link));
  utimesSync(join(from, 'a', 'big'), 1.000001, 1_700_000_000.123457);
  chmodSync(join(from, 'a', 'b', 'closed'), 0o500);
}

async function failure(
  saved: Pick<SavedInBlocks, 'root'> & { readonly source: ContentSource },
  target: string,
  options: RestoreOptions,
): Promise<StrataError> {
  const error = await restoreTree(saved.source, saved.root, target, options).catch(
    (reason: unknown) => reason,
  );
  if (!isStrataError(error)) throw error;
  return error;
}

describe('threads', () => {
  it('[K40] write what one thread writes, each block once, whatever shares it', async () => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const saved = await saveInBlocks(join(base, 'from'));
    const open = () => readdirSync('/proc/self/fd').length;
    /** Threads of the save may still be ending. */
    const settled = async () => {
      for (let now = open(), before = -1; ; before = now, now = open()) {
        if (now === before) return now;
        await setTimeout(100);
      }
    };
    for (const [at, crew] of CREWS.entries()) {
      const blocks: string[] = [];
      const source = fetchedBy(saved, (places) => {
        blocks.push(...places.map(({ pack, number }) => `${Buffer.from(pack).toString('hex')} ${number}`));
        return saved.blocks.fetch(places);
      });
      const before = await settled();
      const progress: number[] = [];
      const target = join(base, `to ${at}`);
      await restoreTree(source, saved.root, target, {
        crew,
        onProgress: ({ files }) => progress.push(files),
      });
      expect(differences(join(base, 'from'), target)).toEqual([]);
      expect(await settled()).toBe(before);
      expect(progress.at(-1)).toBe(saved.root.tree.summary.files);
      expect(blocks.length).toBeGreaterThan(4);
      if (!('window' in crew)) expect(new Set(blocks).size).toBe(blocks.length);
    }
  });

  it('[K40] agree with one thread on any tree', async () => {
    const file = fc.record({
      path: fc.constantFrom('', 'a', 'a/b', 'a/b/c', 'd', 'd/e'),
      name: fc.constantFrom('f', 'g', 'é', 'a long name', '-'),
      content: fc.nat(CONTENTS.length - 1),
      again: fc.nat(CONTENTS.length - 1),
      mode: fc.constantFrom(0o600, 0o444, 0o777, 0),
      link: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 20 }), async (files) => {
        const base = scratch();
        const from = join(base, 'from');
        mkdirSync(from);
        for (const { path, name, content, again, mode, link } of files) {
          mkdirSync(join(from, path), { recursive: true });
          const at = join(from, path, name);
          if (existsSync(at)) continue;
          writeFileSync(at, Buffer.concat([CONTENTS[content]!, CONTENTS[again]!]));
          chmodSync(at, mode);
          if (link) symlinkSync(name, `${at} link`);
        }
        const saved = await saveInBlocks(from);
        for (const [at, crew] of CREWS.entries()) {
          await restoreTree(saved.source, saved.root, join(base, `to ${at}`), { crew });
          expect(differences(from, join(base, `to ${at}`))).toEqual([]);
        }
      }),
      { numRuns: 4 },
    );
  });

  it('[K40] write only what is not there already', async () => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const saved = await saveInBlocks(join(base, 'from'));
    for (const crew of CREWS.slice(0, 2)) {
      const target = join(base, `to ${crew.threads}`);
      await restoreTree(saved.source, saved.root, target, { crew });
      writeFileSync(join(target, 'z', 'file 1'), 'changed');
      const { plan } = await restoreTree(saved.source, saved.root, target, { crew, overwrite: true });
      expect(plan).toMatchObject({ added: { count: 0 }, replaced: { count: 1 } });
      expect(differences(join(base, 'from'), target)).toEqual([]);
    }
  });

  it.each([
    ['one thread', 0],
    ['threads', 2],
  ] as const)('[K41] damage found by %s names object and path, and nothing appears', async (_, threads) => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const saved = await saveInBlocks(join(base, 'from'));
    let name = '';
    for await (const object of saved.store.list('tenants/'))
      if (object.name.includes('/data/')) name = object.name;
    const bytes = Uint8Array.from(await saved.store.get(name));
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    await overwrite(saved.store, name, bytes);
    const error = await failure(saved, join(base, 'to'), { crew: { threads } });
    expect(error).toMatchObject({
      code: 'integrity',
      details: { object: name, paths: [expect.stringMatching(/^[az]\//)] },
    });
    await saved.store.delete(name);
    expect(await failure(saved, join(base, 'to'), { crew: { threads } })).toMatchObject({
      code: 'integrity',
      details: { object: name, paths: [expect.any(String)] },
    });
    expect(readdirSync(base)).toEqual(['from']);
  });

  it('[K16] are not asked for a chunk of another length than its file says', async () => {
    const databases = new TestDatabases();
    onTestFinished(() => databases[Symbol.asyncDispose]());
    const world = testWorld(await databases.open());
    const tenant = await (await openTestVault(world)).tenant('default');
    const tree = await committed(world, tenant, ({ writer }) => {
      const builder = new DirectoryBuilder(writer);
      const chunk = writer.chunk(utf8('short'));
      const content = { form: 'inline', extents: packExtents([{ chunk, length: 6 }]) } as const;
      builder.add({ kind: 'file', name: utf8('f'), mode: 0o644, mtime: 0, size: 6, content });
      return builder.finish();
    });
    const reader = await tenant.reader();
    const fetch = () => expect.unreachable();
    const source = fetchedBy({ source: reader, blocks: reader.blocks }, fetch);
    const root = { mode: 0o755, mtime: 0, tree };
    const error = await failure({ source, root }, join(scratch(), 'to'), {});
    expect(error).toMatchObject({ code: 'integrity', details: { paths: ['f'] } });
  });

  it('[K42] that die end the restore, and nothing appears', async () => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const saved = await saveInBlocks(join(base, 'from'));
    for (const name of ['dying-thread.fixture.ts', 'there-is-no-such-thread.ts']) {
      const crew = { threads: 2, module: new URL(name, import.meta.url) };
      expect((await failure(saved, join(base, 'to'), { crew })).code).toBe('internal');
      mkdirSync(join(base, 'used', 'mine'), { recursive: true });
      expect((await failure(saved, join(base, 'used'), { crew, overwrite: true })).code).toBe('internal');
      expect(readdirSync(base).sort()).toEqual(['from', 'used']);
      expect(readdirSync(join(base, 'used'))).toEqual(['mine']);
    }
  });

  it('[K5] are gone after a cancellation in the middle, and nothing appears', async () => {
    const base = scratch();
    makeTree(join(base, 'from'));
    const saved = await saveInBlocks(join(base, 'from'));
    for (const threads of [0, 2]) {
      const abort = new AbortController();
      let fetches = 0;
      const source = fetchedBy(saved, (places) => {
        if (++fetches !== 5) return saved.blocks.fetch(places);
        abort.abort();
        // A store that hangs holds up nobody; one thread alone waits for what the store does about the signal.
        return threads === 0 ? saved.blocks.fetch(places) : new Promise(() => {});
      });
      const options = { crew: { threads }, signal: abort.signal };
      expect((await failure({ root: saved.root, source }, join(base, 'to'), options)).code).toBe('cancelled');
      expect(fetches).toBeLessThan(8);
      expect(readdirSync(base)).toEqual(['from']);
    }
  });
});

describeWith(['mounts'], 'a disk that is full', () => {
  it('[K18] is said by a thread with the path, and nothing is left behind', () => {
    const base = scratch();
    const disk = join(base, 'disk');
    mkdirSync(disk);
    mkdirSync(join(base, 'from'));
    for (const name of ['a', 'b']) writeFileSync(join(base, 'from', name), noise(name, MIB));
    const module = (path: string) => JSON.stringify(new URL(path, import.meta.url));
    const script = `
      import { readdirSync } from 'node:fs';
      import { restoreTree, scanDirectory } from ${module('index.ts')};
      import { TestDatabases, committed, openTestVault, testWorld } from ${module('../testing/vault.ts')};
      await using databases = new TestDatabases();
      const world = testWorld(await databases.open());
      const tenant = await (await openTestVault(world)).tenant('default');
      const { root } = await committed(world, tenant, (save) => scanDirectory(${JSON.stringify(join(base, 'from'))}, save.writer));
      process.chdir(${JSON.stringify(disk)});
      for (const threads of [0, 2])
        await restoreTree(await tenant.reader(), root, 'new/er', { crew: { threads } }).catch((error) => console.log(error.code, error.details.paths.length));
      console.log(readdirSync('.').length);
    `;
    expect(runScript(script, onSmallDisk(disk))).toBe('disk_full 1\ndisk_full 1\n0\n');
  });
});

describe('what takes more rows than its summary promises', () => {
  it('[K43] is written in windows', async () => {
    const base = scratch();
    mkdirSync(join(base, 'from'));
    for (let number = 0; number < 1200; number++)
      writeFileSync(join(base, 'from', String(number).padEnd(250, '-')), `${number}`);
    const { content, root } = await save(join(base, 'from'));
    await restoreTree(content.source, root, join(base, 'to'));
    expect(differences(join(base, 'from'), join(base, 'to'))).toEqual([]);
  });
});
