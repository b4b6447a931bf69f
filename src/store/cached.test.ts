import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';

import type { Sealed } from '../chunk/index.ts';
import { expectCode, thrownBy } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { recording } from '../testing/stores.ts';
import { cached } from './cached.ts';
import { counting, entriesIn, known, range, withOne } from './cached.fixture.ts';
import { openMemoryStore } from './memory.ts';
import { sealed, text } from './store.contract.ts';

const base = mkdtempSync(join(tmpdir(), 'strata-cached-'));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
const fresh = () => join(base, `cache-${count++}`);
const MEBIBYTE = 1024 * 1024;

describe('cached', () => {
  it('[S44] what was read comes from the disk, also for others', async () => {
    const directory = fresh();
    const { store, cache, hits, misses } = counting(directory, MEBIBYTE);
    await store.put('packs/0', sealed('0123456789'));
    expect(text(await cache.get('packs/0'))).toBe('0123456789');
    expect([hits, misses]).toEqual([[], [10]]);
    await store.delete('packs/0');
    expect(text(await cache.get('packs/0'))).toBe('0123456789');
    expect(text(await cache.get('packs/0', range(3, 4)))).toBe('3456');
    expect(text(await counting(directory, MEBIBYTE).cache.get('packs/0'))).toBe('0123456789');
    expect([hits, misses]).toEqual([[10, 4], [10]]);
  });

  it('[S52] what it hesitates to keep is kept when it is read again, here or by another', async () => {
    const directory = fresh();
    const options = { hesitates: (name: string) => name.startsWith('packs/') };
    const one = counting(directory, 16 * MEBIBYTE, options);
    for (const at of [0, 1]) await one.store.put(`packs/${at}`, [known(at)]);
    const read = (of: typeof one, name: string, offset: number) => of.cache.get(name, range(offset, 1000));
    await read(one, 'packs/0', 0);
    await read(one, 'packs/0', 5000);
    expect(entriesIn(directory)).toEqual([]);
    await read(one, 'packs/0', 0);
    expect(entriesIn(directory)).toHaveLength(1);
    await read(one, 'packs/0', 100);
    await read(one, 'packs/0', 0);
    expect(one.hits).toEqual([1000]);
    const other = counting(directory, 16 * MEBIBYTE, options, one.store);
    await read(other, 'packs/0', 5000);
    await read(other, 'packs/1', 5000);
    expect(entriesIn(directory)).toHaveLength(2);
    await read(other, 'packs/0', 5000);
    expect([other.hits, other.misses]).toEqual([[1000], [1000, 1000]]);
    await one.store.put('trees/0', [known(2)]);
    await read(one, 'trees/0', 0);
    expect(entriesIn(directory)).toHaveLength(3);
  });

  it('[S44] a range lies in a longer one, or in all of the object, wherever its borders are', async () => {
    const { cache, store, hits, misses } = counting(fresh(), 16 * MEBIBYTE);
    await store.put('packs/0', [known(0)]);
    const read = async (offset: number, length: number) =>
      expect(
        Buffer.compare(
          await cache.get('packs/0', range(offset, length)),
          known(0).subarray(offset, offset + length),
        ),
      ).toBe(0);
    await read(10_000, 200_000);
    expect(misses).toHaveLength(1);
    const inside: [number, number][] = [
      [10_000, 200_000],
      [10_000, 1],
      [209_999, 1],
      [10_000 + 65_535, 2],
      [10_000 + 65_536, 65_536],
      [10_000 + 65_536, 65_537],
      [50_000, 100_000],
    ];
    for (const each of inside) await read(...each);
    expect([hits.length, misses.length]).toEqual([inside.length, 1]);
    const outside: [number, number][] = [
      [9_999, 10],
      [209_999, 2],
      [0, 300_000],
    ];
    for (const each of outside) await read(...each);
    expect([hits.length, misses.length]).toEqual([inside.length, 4]);
    await read(0, 5);
    // Not known to be all of it.
    await cache.get('packs/0');
    expect([hits.length, misses.length]).toEqual([inside.length + 1, 5]);
  });

  it('[S44] any ranges in any order are those of the store, and one that was covered asks nobody', async () => {
    const length = 200_000;
    const object = noise('ranges', length) as Sealed;
    const ranges = fc
      .tuple(fc.nat(length - 1), fc.integer({ min: 1, max: length }))
      .map(([offset, most]) => ({ offset, length: Math.min(most, length - offset) }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.option(ranges, { nil: undefined }), { maxLength: 12 }), async (asked) => {
        const { cache, store, hits } = counting(fresh(), 64 * MEBIBYTE);
        await store.put('packs/0', [object]);
        const held: { offset: number; end: number; isAll: boolean }[] = [];
        for (const one of asked) {
          const { offset, length: wanted } = one ?? { offset: 0, length };
          const end = offset + wanted;
          const before = hits.length;
          const bytes = await cache.get('packs/0', { range: one });
          expect(Buffer.compare(bytes, object.subarray(offset, end))).toBe(0);
          const isHeld = held.some((each) =>
            one === undefined ? each.isAll : each.offset <= offset && end <= each.end,
          );
          expect(hits.length - before).toBe(isHeld ? 1 : 0);
          if (!isHeld) held.push({ offset, end, isAll: one === undefined });
        }
      }),
      { numRuns: 40 },
    );
  });

  it('[S44] what is past the end, or too long, is for the store to say', async () => {
    const { cache } = await withOne(fresh());
    await expectCode('integrity', cache.get('packs/0', range(299_999, 2)));
    await expectCode('integrity', cache.get('packs/0', { most: 299_999 }));
    await expectCode('bad_input', cache.get('packs/0', range(-1, 2)));
    await expectCode('not_found', cache.get('packs/1'));
  });

  it('[S44] only what is to be kept is, and the rest asks the store', async () => {
    const directory = fresh();
    const store = recording(openMemoryStore());
    const { cache, hits, misses } = counting(directory, MEBIBYTE, {}, store);
    await cache.put('heads/1', sealed('head'));
    for (let times = 0; times < 2; times++) await cache.get('heads/1');
    expect(store.events.filter(([call]) => call === 'get')).toHaveLength(2);
    expect([hits, misses, existsSync(directory)]).toEqual([[], [], false]);
    await store.delete('heads/1');
    expect(await cache.size('heads/1')).toBeUndefined();
  });

  it('[S44] what is put is kept, in any number of parts that are gone when the next is asked for', async () => {
    const store = recording(openMemoryStore());
    const { cache, hits } = counting(fresh(), 16 * MEBIBYTE, {}, store);
    const bodies = {
      array: [known(0).slice(0, 100_000) as Sealed, known(0).slice(100_000) as Sealed],
      async *passing() {
        const buffer = new Uint8Array(70_001) as Sealed;
        for (let at = 0; at < 300_000; at += buffer.length) {
          const part = known(0).subarray(at, at + buffer.length);
          buffer.set(part);
          yield buffer.subarray(0, part.length) as Sealed;
          buffer.fill(0);
        }
      },
      nothing: [],
    };
    expect(await cache.put('packs/1', bodies.array)).toBe('created');
    expect(await cache.put('packs/2', bodies.passing())).toBe('created');
    expect(await cache.put('packs/3', bodies.nothing)).toBe('created');
    for (const name of ['packs/1', 'packs/2'])
      expect(Buffer.compare(await cache.get(name), known(0))).toBe(0);
    expect(await cache.get('packs/3')).toHaveLength(0);
    expect(hits).toEqual([300_000, 300_000, 0]);
    expect(store.events.filter(([call]) => call === 'get')).toEqual([]);
  });

  it('[S44] a put that created nothing leaves nothing', async () => {
    const directory = fresh();
    const { cache, store } = counting(directory, MEBIBYTE);
    await store.put('packs/0', sealed('theirs'));
    async function* late(): AsyncIterable<Sealed> {
      yield* sealed('mine');
    }
    async function* broken(): AsyncIterable<Sealed> {
      yield* sealed('half');
      throw new Error('the source broke');
    }
    expect(await cache.put('packs/0', sealed('mine'))).toBe('exists');
    expect(await cache.put('packs/0', late())).toBe('exists');
    await expect(cache.put('packs/1', broken())).rejects.toThrow('the source broke');
    expect(globSync(join(directory, '*/*/*'))).toEqual([]);
    expect(text(await cache.get('packs/0'))).toBe('theirs');
  });

  it('[S44] what is deleted is not kept on', async () => {
    const { cache, directory } = await withOne(fresh());
    await cache.get('packs/0', range(0, 10));
    await cache.delete('packs/0');
    expect(entriesIn(directory)).toEqual([]);
    await expectCode('not_found', cache.get('packs/0'));
  });

  it('[S44] what was got is the caller’s', async () => {
    const { cache } = await withOne(fresh());
    for (const options of [{}, range(10, 100_000)]) {
      const got = await cache.get('packs/0', options);
      const before = Buffer.from(got);
      expect(got.buffer.byteLength).toBe(got.length);
      got.fill(0);
      if (got.buffer instanceof ArrayBuffer) got.buffer.transfer(0);
      expect(Buffer.compare(await cache.get('packs/0', options), before)).toBe(0);
    }
  });

  it('[S8] a read of what is kept can be cancelled', async () => {
    const { cache, hits } = counting(fresh(), 64 * MEBIBYTE);
    await cache.put('packs/0', [noise('long', 12 * MEBIBYTE) as Sealed]);
    const controller = new AbortController();
    const reading = cache.get('packs/0', { signal: controller.signal });
    controller.abort();
    await expectCode('cancelled', reading);
    expect(hits).toEqual([]);
    expect(await cache.get('packs/0')).toHaveLength(12 * MEBIBYTE);
  });

  it('refuses a directory that depends on where it is called, and a bound that is none', () => {
    const refused = (directory: string, most: number) =>
      thrownBy(() => cached(openMemoryStore(), { directory, most, identity: 'x', keeps: () => true })).code;
    expect(refused('here', 1)).toBe('bad_input');
    for (const most of [Number.NaN, -1, 0.5, Infinity]) expect(refused(base, most)).toBe('bad_input');
  });
});
