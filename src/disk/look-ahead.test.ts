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
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';

import { MemoryContent } from '../testing/memory-content.ts';
import { makeOddTree } from '../testing/odd-tree.ts';
import { foresee } from './foresee.ts';
import { ForeseenReader, foreseenShare, foreseenState } from './foreseen.ts';
import type { Lookout } from './foreseen.ts';
import { Glance } from './glance.ts';
import { LookAhead } from './look-ahead.ts';
import { Remembering } from './remembering.fixture.ts';
import { ScanAhead } from './scan-ahead.ts';
import { scanDirectory } from './scan.ts';
import { TICK_MS } from './scan-file.ts';
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

  listing(stats: Stats) {
    const listing = this.#from.listing(stats);
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
  'a glance': (directory) => new Counting(Glance.at(directory, 0)),
};

const byThread = LOOKS['a thread']!;

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
      await saves.save(base, { ahead: { look: lookAt(base) } });
      expect(saves).toMatchObject({ read: 0, wrote: false });
    },
  );

  it.each(Object.entries(LOOKS))('[K61] by %s follows no link', async (_, lookAt) => {
    const { base } = await savedTree();
    const outside = join(base, '..', 'outside');
    mkdirSync(outside);
    symlinkSync('../outside', join(base, 'z', 'way out'));
    expect(lookAt(base).listing(statSync(outside))).toBeUndefined();
    expect(lookAt(base).listing(statSync(join(base, 'z')))?.names.length).toBe(3);
  });

  it('[K61] ends where there is no more room for it', async () => {
    const base = scratch();
    // 255 bytes and as many as facts take: some thirty thousand of them are too many.
    for (const directory of 'abcdefghijklmnop') {
      mkdirSync(join(base, directory));
      for (let file = 0; file < 2000; file++)
        writeFileSync(join(base, directory, `${String(file).padStart(4, '0')}${'x'.repeat(250)}`), '');
    }
    const look = byThread(base);
    const isKnown = (path: string) => look.listing(statSync(join(base, path))) !== undefined;
    expect(isKnown('p')).toBe(true);
    expect(isKnown('a')).toBe(false);
  });

  it('[K61] is a thread, for a directory that is known and large', async () => {
    const { base, saves } = await savedTree();
    const known = (bytes: number, exclude: string[] = []) =>
      ScanAhead.of(base, { remembered: { bytes, at: Date.now() }, exclude });
    expect((await known(1000)).look).toBeInstanceOf(Glance);
    expect((await known(5e6, ['x'])).look).toBeInstanceOf(Glance);
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
    expect([few.look?.constructor, few.threads]).toEqual([Glance, undefined]);
    for (let file = 0; file < 2100; file++) writeFileSync(join(base, String(file)), '');
    await using many = await known();
    expect([many.look?.constructor, many.threads]).toEqual([LookAhead, undefined]);
  });

  it('[K61] of what is gone by then is none, and says nothing', async () => {
    const base = join(scratch(), 'tree');
    mkdirSync(base);
    await using ahead = await ScanAhead.of(base, { remembered: { bytes: 5e6, at: 0 } });
    rmSync(base, { recursive: true });
    await setTimeout(200);
    expect(ahead.look).toBeInstanceOf(LookAhead);
  });
});
