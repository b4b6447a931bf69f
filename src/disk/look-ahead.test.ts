import {
  appendFileSync,
  fstatSync,
  mkdirSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { MemoryContent } from '../testing/memory-content.ts';
import { makeOddTree } from '../testing/odd-tree.ts';
import { ForeseenReader, foreseenShare, foreseenState } from './foreseen.ts';
import { lookThrough } from './look-through.ts';
import { Remembering } from './remembering.fixture.ts';
import { ScanAhead } from './scan-ahead.ts';
import { scanDirectory } from './scan.ts';
import { TICK_MS } from './scan-file.ts';
import { scratch } from './scratch.fixture.ts';

const afresh = async (directory: string) => (await scanDirectory(directory, new MemoryContent().sink)).root;

const tick = () => setTimeout(TICK_MS + 10);

/** What a thread would have seen by now; counts the directories that are found there. */
function seenBy(directory: string) {
  const share = foreseenShare(foreseenState());
  lookThrough(directory, share);
  const reader = new ForeseenReader(share);
  const look = {
    found: 0,
    listing(stats: Parameters<ForeseenReader['listing']>[0]) {
      const listing = reader.listing(stats);
      if (listing !== undefined) look.found++;
      return listing;
    },
  };
  return look;
}

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

describe('a look ahead of the walk', () => {
  it.each(Object.entries(CHANGES))('[K61] of %s makes the same tree', async (_, change) => {
    const { base, saves } = await savedTree();
    change(base);
    await tick();
    const look = seenBy(base);
    expect(await saves.save(base, { ahead: { look } })).toEqual(await afresh(base));
    expect(look.found).toBeGreaterThan(3);
  });

  it.each(Object.entries(CHANGES))(
    '[K61] before %s: the next save has it at the latest',
    async (_, change) => {
      const { base, saves } = await savedTree();
      const look = seenBy(base);
      change(base);
      await tick();
      await saves.save(base, { ahead: { look } });
      expect(await saves.save(base)).toEqual(await afresh(base));
    },
  );

  it('[K61] spares a look at what is as it was, and nobody opens a file', async () => {
    const { base, saves } = await savedTree();
    const look = seenBy(base);
    await saves.save(base, { ahead: { look } });
    expect(saves).toMatchObject({ read: 0, wrote: false });
  });

  it('[K61] follows no link', async () => {
    const { base } = await savedTree();
    const outside = join(base, '..', 'outside');
    mkdirSync(outside);
    symlinkSync('../outside', join(base, 'z', 'way out'));
    expect(seenBy(base).listing(statSync(outside))).toBeUndefined();
    expect(seenBy(base).listing(statSync(join(base, 'z')))?.names.length).toBe(3);
  });

  it('[K61] ends where there is no more room for it', async () => {
    const base = scratch();
    // 255 bytes and as many as facts take: some thirty thousand of them are too many.
    for (const directory of 'abcdefghijklmnop') {
      mkdirSync(join(base, directory));
      for (let file = 0; file < 2000; file++)
        writeFileSync(join(base, directory, `${String(file).padStart(4, '0')}${'x'.repeat(250)}`), '');
    }
    const look = seenBy(base);
    const isKnown = (path: string) => look.listing(statSync(join(base, path))) !== undefined;
    expect(isKnown('p')).toBe(true);
    expect(isKnown('a')).toBe(false);
  });

  it('[K61] is a thread, for a directory that is known and large', async () => {
    const { base, saves } = await savedTree();
    const known = (bytes: number, exclude: string[] = []) =>
      ScanAhead.of(base, { remembered: { bytes, at: Date.now() }, exclude });
    expect((await known(1000)).look).toBeUndefined();
    expect((await known(5e6, ['x'])).look).toBeUndefined();
    await using ahead = await known(5e6);
    const deep = openSync(join(base, 'a/b/c'), 'r');
    while (ahead.look?.listing(fstatSync(deep)) === undefined) await setTimeout(10);
    closeSync(deep);
    appendFileSync(join(base, 'z/4'), 'more');
    await tick();
    await saves.save(base, { ahead });
    expect(await saves.save(base)).toEqual(await afresh(base));
  });

  it('[K61] is none where much is remembered of few files, and one where there are many', async () => {
    const base = scratch();
    const known = () => ScanAhead.of(base, { remembered: { bytes: 1e6, at: Date.now() + 1e6 } });
    writeFileSync(join(base, 'long'), '');
    await using few = await known();
    expect([few.look, few.threads]).toEqual([undefined, undefined]);
    for (let file = 0; file < 2100; file++) writeFileSync(join(base, String(file)), '');
    await using many = await known();
    expect([many.look === undefined, many.threads]).toEqual([false, undefined]);
  });

  it('[K61] of what is gone by then is none, and says nothing', async () => {
    const base = join(scratch(), 'tree');
    mkdirSync(base);
    await using ahead = await ScanAhead.of(base, { remembered: { bytes: 5e6, at: 0 } });
    rmSync(base, { recursive: true });
    await setTimeout(200);
    expect(ahead.look).toBeDefined();
  });
});
