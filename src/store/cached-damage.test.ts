import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import type { Sealed } from '../chunk/index.ts';
import { counting, entriesIn, known, range, withOne } from './cached.fixture.ts';
import { sealed, text } from './store.contract.ts';
import type { GetOptions } from './store.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-cached-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, `cache-${count++}`);

type World = Awaited<ReturnType<typeof withOne>>;

describe('a damaged cache', () => {
  /** What was done to the entry is not seen by who reads, and mended by it. */
  async function heals(world: World): Promise<void> {
    const { cache, hits, misses, lines, entry } = world;
    expect(Buffer.compare(await cache.get('packs/0'), known(0))).toBe(0);
    expect([hits.length, misses.length]).toEqual([0, 2]);
    expect(lines).toEqual([]);
    expect(lstatSync(entry).isFile()).toBe(true);
    expect(Buffer.compare(await cache.get('packs/0'), known(0))).toBe(0);
    expect(hits).toHaveLength(1);
  }

  it('[S45] a bit that flips anywhere is seen', async () => {
    const directory = fresh();
    const length = 70_000;
    const { cache, store, hits, misses } = counting(directory, 16 * 1024 * 1024);
    await store.put('packs/0', [known(0).slice(0, length) as Sealed]);
    await cache.get('packs/0');
    const [entry = ''] = entriesIn(directory);
    const sound = readFileSync(entry);
    const proof = Array.from({ length: sound.length - length }, (_, at) => length + at);
    const places = [0, 1, 65_535, 65_536, length - 1, ...proof];
    for (const [at, place] of places.entries()) {
      const spoiled = Buffer.from(sound);
      spoiled[place]! ^= 1 << (at % 8);
      writeFileSync(entry, spoiled);
      expect(Buffer.compare(await cache.get('packs/0'), known(0).subarray(0, length))).toBe(0);
    }
    expect(readFileSync(entry)).toEqual(sound);
    expect([hits.length, misses.length]).toEqual([0, places.length + 1]);
  });

  it('[S45] a bit that flips outside a range that is asked for does not matter to it', async () => {
    const { cache, entry, hits } = await withOne(fresh());
    const spoiled = readFileSync(entry);
    spoiled[0]! ^= 1;
    writeFileSync(entry, spoiled);
    const asked = range(100_000, 50_000);
    expect(Buffer.compare(await cache.get('packs/0', asked), known(0).subarray(100_000, 150_000))).toBe(0);
    expect(hits).toEqual([50_000]);
  });

  it('[S45] an entry that is cut short, or longer', async () => {
    const { length } = readFileSync((await withOne(fresh())).entry);
    for (const size of [0, 1, 100, 299_999, 300_000, length - 1, length + 1, length + 65_536, 2 ** 40]) {
      const world = await withOne(fresh());
      truncateSync(world.entry, size);
      await heals(world);
    }
  });

  it('[S45] something else in its place', async () => {
    const precious = join(base, 'precious');
    writeFileSync(precious, 'precious');
    mkdirSync(join(base, 'elsewhere'));
    writeFileSync(join(base, 'elsewhere/all'), 'precious');
    const places: Record<string, (path: string) => void> = {
      fifo: (path) => execFileSync('mkfifo', [path]),
      link: (path) => symlinkSync(precious, path),
      'dangling link': (path) => symlinkSync(join(base, 'nothing'), path),
      'another name of a file': (path) => linkSync(precious, path),
      directory: (path) => mkdirSync(join(path, 'deep/er'), { recursive: true }),
    };
    for (const make of Object.values(places)) {
      const world = await withOne(fresh());
      rmSync(world.entry);
      make(world.entry);
      await heals(world);
    }
    for (const make of [
      ...Object.values(places),
      (path: string) => symlinkSync(join(base, 'elsewhere'), path),
    ])
      for (const depth of [1, 2]) {
        const world = await withOne(fresh());
        const place = depth === 1 ? dirname(world.entry) : dirname(dirname(world.entry));
        rmSync(place, { recursive: true });
        make(place);
        await heals(world);
      }
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(readdirSync(join(base, 'elsewhere'))).toEqual(['all']);
    expect(existsSync(join(base, 'nothing'))).toBe(false);
  });

  it('[S45] a sound entry in the place of another', async () => {
    const directory = fresh();
    const worlds = [0, 1].map((at) => counting(directory, 16 * 1024 * 1024, { identity: `store ${at}` }));
    const reads: GetOptions[] = [range(0, 1000), range(1, 1000), range(0, 300_000), {}];
    for (const [at, { store }] of worlds.entries())
      for (const number of [0, 1]) await store.put(`packs/${number}`, [known(at * 2 + number)]);
    const readAll = async () => {
      for (const [at, { cache }] of worlds.entries())
        for (const number of [0, 1])
          for (const options of reads) {
            const { offset, length } = options.range ?? { offset: 0, length: 300_000 };
            const expected = known(at * 2 + number).subarray(offset, offset + length);
            expect(Buffer.compare(await cache.get(`packs/${number}`, options), expected)).toBe(0);
          }
    };
    await readAll();
    const sound = entriesIn(directory).map((path) => ({ path, bytes: readFileSync(path) }));
    expect(sound).toHaveLength(16);
    for (const [at, { path }] of sound.entries())
      for (const step of [1, 2, 4, 8]) {
        const { bytes } = sound[(at + step) % sound.length]!;
        writeFileSync(path, bytes);
        await readAll();
        // Another range that holds it may have answered.
        if (existsSync(path)) expect(readFileSync(path).equals(bytes)).toBe(false);
      }
  }, 60_000);

  it('[S45] one byte of whatever lies there, changed by chance', async () => {
    const { directory, cache, store } = await withOne(fresh());
    await store.put('packs/1', sealed('short'));
    await cache.get('packs/0', range(5, 100_000));
    await cache.get('packs/1');
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, place, bits) => {
        const files = entriesIn(directory);
        const file = files[which % files.length]!;
        const bytes = readFileSync(file);
        bytes[place % bytes.length]! ^= bits;
        writeFileSync(file, bytes);
        expect(Buffer.compare(await cache.get('packs/0'), known(0))).toBe(0);
        const part = await cache.get('packs/0', range(5, 100_000));
        expect(Buffer.compare(part, known(0).subarray(5, 100_005))).toBe(0);
        expect(text(await cache.get('packs/1'))).toBe('short');
      }),
      { numRuns: 100 },
    );
  });
});
