import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import type { Stats } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { MemoryContent } from '../testing/memory-content.ts';
import { makeOddTree } from '../testing/odd-tree.ts';
import { foresee } from './foresee.ts';
import { ForeseenReader, foreseenShare, foreseenState } from './foreseen.ts';
import type { Lookout } from './foreseen.ts';
import { Glance } from './glance.ts';
import { LookAhead } from './look-ahead.ts';
import { lookThrough } from './look-through.ts';
import { Remembering } from './remembering.fixture.ts';
import { ScanAhead } from './scan-ahead.ts';
import { scanDirectory } from './scan.ts';
import { TICK_MS } from './tick.ts';
import { scratch } from './scratch.fixture.ts';

const afresh = async (directory: string) => (await scanDirectory(directory, new MemoryContent().sink)).root;

const tick = () => setTimeout(TICK_MS + 10);

/** Counts the directories that are found by it. */
class Counting implements Lookout {
  found = 0;
  readonly #from: Lookout;

  constructor(from: Lookout) {
    this.#from = from;
  }

  listing(path: string, stats: Stats) {
    const listing = this.#from.listing(path, stats);
    if (listing !== undefined) this.found++;
    return listing;
  }
}

const LOOKS: Record<string, (directory: string) => Counting> = {
  /** What it would have seen by now. */
  'a thread': (directory) => {
    const share = foreseenShare(foreseenState());
    foresee(directory, share);
    return new Counting(new ForeseenReader(share));
  },
  'a glance': (directory) => new Counting(Glance.at(directory, Infinity)),
};

async function savedTree() {
  const base = join(scratch(), 'tree');
  makeOddTree(base);
  for (const path of ['a/b/c', 'z']) mkdirSync(join(base, path), { recursive: true });
  for (const path of ['a/1', 'a/b/2', 'a/b/c/3', 'z/4']) writeFileSync(join(base, path), path);
  symlinkSync('4', join(base, 'z/link'));
  await tick();
  const saves = new Remembering();
  await saves.save(base);
  return { base, saves };
}

const CHANGES: Record<string, (base: string) => void> = {
  nothing: () => undefined,
  'a file': (base) => appendFileSync(join(base, 'a/b/2'), 'more'),
  'a new file': (base) => writeFileSync(join(base, 'a/b/new'), 'new'),
  'a file that is gone': (base) => rmSync(join(base, 'z/4')),
  'a link': (base) => {
    rmSync(join(base, 'z/link'));
    symlinkSync('elsewhere', join(base, 'z/link'));
  },
  'a directory that is moved': (base) => renameSync(join(base, 'a/b'), join(base, 'z/b')),
  'a directory that is gone': (base) => rmSync(join(base, 'a/b'), { recursive: true }),
  'a directory that becomes a file': (base) => {
    rmSync(join(base, 'a/b'), { recursive: true });
    writeFileSync(join(base, 'a/b'), 'now');
  },
  'a file that becomes a directory': (base) => {
    rmSync(join(base, 'a/1'));
    mkdirSync(join(base, 'a/1'));
  },
};

const CASES = Object.entries(CHANGES).flatMap(([name, change]) =>
  Object.entries(LOOKS).map(([who, lookAt]) => [name, who, change, lookAt] as const),
);

describe('a look ahead of the walk', () => {
  it.each(CASES)('[K61] of %s by %s makes the same tree', async (_, _who, change, lookAt) => {
    const { base, saves } = await savedTree();
    change(base);
    await tick();
    const look = lookAt(base);
    expect(await saves.save(base, { ahead: { look } })).toEqual(await afresh(base));
    expect(look.found).toBeGreaterThan(3);
  });

  it.each(
    CASES.filter(([name]) => /^a (new file|file that is gone|directory that is (moved|gone))$/.test(name)),
  )(
    '[K61] before %s by %s is not believed where the directory shows that it was changed',
    async (_, _who, change, lookAt) => {
      const { base, saves } = await savedTree();
      const look = lookAt(base);
      change(base);
      await tick();
      expect(await saves.save(base, { ahead: { look } })).toEqual(await afresh(base));
    },
  );

  it.each(CASES)(
    '[K61] before %s by %s: the next save has it at the latest',
    async (_, _who, change, lookAt) => {
      const { base, saves } = await savedTree();
      const look = lookAt(base);
      change(base);
      await tick();
      await saves.save(base, { ahead: { look } });
      expect(await saves.save(base)).toEqual(await afresh(base));
    },
  );

  it.each(Object.entries(LOOKS))(
    '[K61] by %s spares a look at what is as it was, and nobody opens a file',
    async (_, lookAt) => {
      const { base, saves } = await savedTree();
      const look = lookAt(base);
      await saves.save(base, { ahead: { look } });
      expect(saves).toMatchObject({ read: 0, wrote: false });
      expect(look.found).toBeGreaterThan(4);
    },
  );

  it.each(Object.entries(LOOKS))('[K61] by %s follows no link', async (_, lookAt) => {
    const { base } = await savedTree();
    const outside = join(base, '..', 'outside');
    mkdirSync(outside);
    symlinkSync('../outside', join(base, 'z', 'way out'));
    const look = lookAt(base);
    expect(look.listing('/z/way out', statSync(outside))).toBeUndefined();
    const listing = look.listing('/z', statSync(join(base, 'z')))!;
    const kinds = Array.from(listing.names as readonly string[], (name, index) => [
      name,
      listing.at(index)!.mode & constants.S_IFMT,
    ]);
    expect(Object.fromEntries(kinds)).toEqual({
      4: constants.S_IFREG,
      link: constants.S_IFLNK,
      'way out': constants.S_IFLNK,
    });
  });

  it.each(Object.entries(LOOKS))(
    '[K61] by %s is believed of a directory in its place alone, as it was',
    async (_, lookAt) => {
      const { base } = await savedTree();
      const look = lookAt(base);
      const stats = statSync(join(base, 'a/b'));
      const tell = (path: string, changed: Partial<Stats> = {}) =>
        look.listing(path, Object.assign(statSync(join(base, 'a/b')), changed))?.names.length;
      expect(tell('/a/b')).toBe(2);
      // Mounted in several places, it may have others below it in each.
      expect([tell('/z'), tell('/a'), tell('/a/b/'), tell('')]).toEqual(Array(4).fill(undefined));
      for (const key of ['dev', 'ino', 'mtimeMs', 'ctimeMs'] as const)
        expect(tell('/a/b', { [key]: stats[key] + 1 }), key).toBeUndefined();
    },
  );
});

describe('what goes through a directory', () => {
  it('[K61] passes over what the system refuses', async () => {
    const { base } = await savedTree();
    const seen: string[] = [];
    lookThrough(base, (_, path) => {
      seen.push(path);
      if (path === '/z') throw Object.assign(new Error('no'), { code: 'EACCES' });
      // The last is no directory.
      return path === '' ? ['a', 'z', 'gone'] : path === '/a' ? ['b', '1'] : [];
    });
    expect(seen).toEqual(['', '/z', '/a', '/a/b']);
  });

  it('[K61] leaves alone what lies deeper than is kept', () => {
    const base = scratch();
    const name = 'x'.repeat(250);
    const deeper = `for (let i = 0; i < 20; i++) fs.mkdirSync('${name}'), process.chdir('${name}');`;
    execFileSync(process.execPath, ['-e', deeper], { cwd: base });
    let looks = 0;
    lookThrough(base, () => (looks++, [name]));
    expect(looks).toBe(1 + Math.floor(4096 / 251));
  });
});

describe('before a save', () => {
  it('[K61] a thread looks as long as there is room for it', async () => {
    const base = scratch();
    // 255 bytes and as many as facts take: some thirty thousand of them are too many.
    for (const directory of 'abcdefghijklmnop') {
      mkdirSync(join(base, directory));
      for (let file = 0; file < 2000; file++)
        writeFileSync(join(base, directory, `${String(file).padStart(4, '0')}${'x'.repeat(250)}`), '');
    }
    const look = LOOKS['a thread']!(base);
    const isKnown = (path: string) => look.listing(`/${path}`, statSync(join(base, path))) !== undefined;
    expect(isKnown('p')).toBe(true);
    expect(isKnown('a')).toBe(false);
  });

  it('[K61] a thread looks at a directory that is known and large', async () => {
    const { base, saves } = await savedTree();
    const known = (bytes: number, exclude: string[] = []) =>
      ScanAhead.of(base, { remembered: { bytes, at: Date.now() }, exclude });
    expect((await known(1000)).look).toBeInstanceOf(Glance);
    expect((await known(5e6, ['x'])).look).toBeInstanceOf(Glance);
    await using ahead = await known(5e6);
    const deep = openSync(join(base, 'a/b/c'), 'r');
    while (ahead.look?.listing('/a/b/c', fstatSync(deep)) === undefined) await setTimeout(10);
    closeSync(deep);
    appendFileSync(join(base, 'z/4'), 'more');
    await tick();
    await saves.save(base, { ahead });
    expect(await saves.save(base)).toEqual(await afresh(base));
  });

  it('[K61] no thread looks where much is remembered of few files, and one where there are many', async () => {
    const base = scratch();
    const known = () => ScanAhead.of(base, { remembered: { bytes: 1e6, at: Date.now() + 1e6 } });
    writeFileSync(join(base, 'long'), '');
    await using few = await known();
    expect([few.look?.constructor, few.threads]).toEqual([Glance, undefined]);
    for (let file = 0; file < 2100; file++) writeFileSync(join(base, String(file)), '');
    await using many = await known();
    expect([many.look?.constructor, many.threads]).toEqual([LookAhead, undefined]);
  });

  it('[K61] what a glance has seen is handed on beside threads that will read', async () => {
    const { base } = await savedTree();
    truncateSync(join(base, 'a/1'), 9 * 1024 * 1024);
    await using ahead = await ScanAhead.of(base, { remembered: { bytes: 1000, at: 0 } });
    expect(ahead.threads).toBeDefined();
    const known = (path: string) => ahead.look?.listing(`/${path}`, statSync(join(base, path))) !== undefined;
    expect([known('z'), known('a')]).toEqual([true, true]);
  });

  it('[K61] a glance lists no more of a directory than it looks at', async () => {
    const base = scratch();
    // In most file systems a directory stays as long as it was once.
    const file = (number: number) => join(base, 'long', `${number}`.padEnd(200, 'x'));
    mkdirSync(join(base, 'long'));
    for (let number = 0; number < 2500; number++) writeFileSync(file(number), '');
    const since = Date.now() + 1e6;
    expect(Glance.at(base, since).isPart).toBe(true);
    for (let number = 3; number < 2500; number++) rmSync(file(number));
    const glance = Glance.at(base, since);
    const listing = glance.listing('/long', statSync(join(base, 'long')));
    expect([glance.isPart, listing?.names]).toEqual([false, [0, 1, 2].map((n) => basename(file(n)))]);
  });

  it('[K61] a thread that finds nothing there any more ends, and that is all', async () => {
    const base = join(scratch(), 'tree');
    mkdirSync(base);
    await using ahead = await ScanAhead.of(base, { remembered: { bytes: 5e6, at: 0 } });
    rmSync(base, { recursive: true });
    await setTimeout(200);
    expect(ahead.look).toBeInstanceOf(LookAhead);
  });
});
