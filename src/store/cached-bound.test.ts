import { execFileSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import type { Sealed } from '../chunk/index.ts';
import { noise } from '../testing/noise.ts';
import { bytesIn, counting, entriesIn, range } from './cached.fixture.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-cached-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, `cache-${count++}`);
describe('the bound of a cache', () => {
  const MOST = 2 * 1024 * 1024;

  async function filled() {
    const directory = fresh();
    const world = counting(directory, MOST);
    for (let at = 0; at < 40; at++) await world.store.put(`packs/${at}`, [noise(`${at}`, 100_000) as Sealed]);
    return { ...world, directory };
  }

  it('[S46] is kept, whatever is read and put', async () => {
    const { cache, directory, lines } = await filled();
    let largest = 0;
    for (let at = 0; at < 200; at++) {
      if (at % 3 === 0) await cache.put(`more/${at}`, [noise(`more ${at}`, at * 1000) as Sealed]);
      await cache.get(`packs/${(at * 7) % 40}`, at % 2 === 0 ? {} : range(at, 50_000));
      const bytes = bytesIn(directory);
      expect(bytes).toBeLessThan(MOST);
      largest = Math.max(largest, bytes);
    }
    expect(largest).toBeGreaterThan(MOST * 0.7);
    expect(lines).toEqual([]);
  });

  it('[S46] what was not used for longest goes first', async () => {
    const { cache, directory } = await filled();
    const entry = new Map<number, string>();
    for (let at = 0; at < 15; at++) {
      await cache.get(`packs/${at}`);
      entry.set(
        at,
        entriesIn(directory).find((path) => ![...entry.values()].includes(path))!,
      );
    }
    for (const [at, path] of entry) utimesSync(path, 1e9 + at * 1000, 1e9 + at * 1000);
    await cache.get('packs/0');
    for (let at = 20; at < 30; at++) await cache.get(`packs/${at}`);
    const left = [...entry].filter(([, path]) => existsSync(path)).map(([at]) => at);
    expect(left.length).toBeGreaterThan(3);
    expect(left.length).toBeLessThan(10);
    expect(left).toEqual([0, ...Array.from({ length: left.length - 1 }, (_, at) => 16 - left.length + at)]);
  });

  it('[S46] what is too large for it is not kept, and nothing is thrown away for it', async () => {
    const { cache, store, directory, misses } = await filled();
    await cache.get('packs/0');
    const large = noise('large', MOST / 4 + 1) as Sealed;
    async function* passing(): AsyncIterable<Sealed> {
      yield large;
    }
    await store.put('large/0', [large]);
    await cache.put('large/1', [large]);
    await cache.put('large/2', passing());
    for (const name of ['large/0', 'large/1', 'large/2'])
      for (let times = 0; times < 2; times++) expect(Buffer.compare(await cache.get(name), large)).toBe(0);
    expect(misses).toHaveLength(7);
    expect(entriesIn(directory)).toHaveLength(1);
    expect(readdirSync(join(directory, readdirSync(directory)[0]!, 'drafts'))).toEqual([]);
  });

  it('[S46] a tally that is lost, spoiled or something else is made anew', async () => {
    const { cache, directory, lines } = await filled();
    await cache.get('packs/0');
    const tally = join(directory, readdirSync(directory)[0]!, 'tally');
    const precious = join(directory, 'precious');
    writeFileSync(precious, 'precious');
    const places = [
      () => {},
      () => writeFileSync(tally, ''),
      () => (writeFileSync(tally, ''), truncateSync(tally, 2 ** 40)),
      () => mkdirSync(tally),
      () => execFileSync('mkfifo', [tally]),
      () => symlinkSync(precious, tally),
      () => linkSync(precious, tally),
    ];
    let next = 0;
    for (const place of places) {
      rmSync(tally, { recursive: true, force: true });
      place();
      for (let times = 0; times < 30; times++) {
        await cache.get(`packs/${next++ % 40}`);
        expect(bytesIn(directory)).toBeLessThan(MOST);
      }
      expect(statSync(tally).size).toBeGreaterThan(100);
    }
    expect(readFileSync(precious, 'utf8')).toBe('precious');
    expect(lines).toEqual([]);
  });

  it('[S46] what lies between the entries goes when room is made, and clocks that were wrong do no harm', async () => {
    const { cache, directory } = await filled();
    await cache.get('packs/0');
    const [entry = ''] = entriesIn(directory);
    const root = dirname(dirname(entry));
    utimesSync(entry, 4e9, 4e9);
    mkdirSync(join(root, 'f'.repeat(32)));
    mkdirSync(join(root, 'other/deep'), { recursive: true });
    writeFileSync(join(dirname(entry), '00-1'), 'x');
    symlinkSync('/', join(dirname(entry), '1-1'));
    for (let at = 1; at < 40; at++) await cache.get(`packs/${at}`);
    expect(existsSync(entry)).toBe(false);
    expect(readdirSync(root).filter((name) => !/^(?:[0-9a-f]{32}|drafts|tally)$/.test(name))).toEqual([]);
    expect(existsSync(join(root, 'f'.repeat(32)))).toBe(false);
    expect(existsSync(dirname(entry))).toBe(false);
  });
});
