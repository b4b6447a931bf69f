/** Restores from a store beyond a network. */

import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

import { giveWay } from '../base/index.ts';
import type { Store, StoredObject } from '../store/index.ts';
import { differences } from '../testing/compare-trees.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { overwrite } from '../testing/stores.ts';
import { fetchedBy, saveInBlocks } from './blocks.fixture.ts';
import { restoreTree } from './restore.ts';
import { scratch } from './scratch.fixture.ts';
import { WORTH_ANOTHER } from './useful-threads.ts';

const MIB = 1024 * 1024;

/** Files of 1 MiB, named by numbers, in the order in which they are saved. */
function makeFiles(directory: string, count: number): void {
  mkdirSync(directory);
  for (let number = 0; number < count; number++)
    writeFileSync(join(directory, String(number).padStart(3, '0')), noise(`file ${number}`, MIB));
}

async function listed(store: Store): Promise<StoredObject[]> {
  const all: StoredObject[] = [];
  for await (const object of store.list('tenants/')) all.push(object);
  return all;
}

describe('a restore from far away', () => {
  it('[K52] takes a request for half a pack, however many threads write', async () => {
    const base = scratch();
    makeFiles(join(base, 'from'), 12);
    const { source, store, root } = await saveInBlocks(join(base, 'from'), true);
    const packs = (await listed(store)).filter(({ name }) => name.includes('/data/'));
    const halves = packs.reduce((sum, { size }) => sum + Math.ceil(size / (8 * MIB)), 0);
    expect(halves).toBeLessThan(4);
    for (const threads of [0, 2]) {
      store.events.length = 0;
      const target = join(base, `to ${threads}`);
      await restoreTree(source, root, target, { crew: { threads } });
      expect(differences(join(base, 'from'), target)).toEqual([]);
      const reads = store.events.filter(([, name]) => name.includes('/data/'));
      // Each writer begins with a part of a half; a header is asked for as well when the second half of its pack comes first.
      const writers = threads === 0 ? 0 : threads + 1;
      expect(reads.length).toBeLessThanOrEqual(halves + 1 + writers);
    }
  });

  it('[K53] asks for no more while nothing is written', async () => {
    const base = scratch();
    makeFiles(join(base, 'from'), 52);
    // With so much to do this thread writes nothing itself.
    writeFileSync(join(base, 'from', 'hole'), '');
    truncateSync(join(base, 'from', 'hole'), WORTH_ANOTHER);
    const saved = await saveInBlocks(join(base, 'from'), true);
    let asked = 0;
    const many = Promise.withResolvers<void>();
    const source = fetchedBy(saved, (places) => {
      asked += places.reduce((sum, { frameLength }) => sum + frameLength, 0);
      if (asked >= 36 * MIB) many.resolve();
      return saved.blocks.fetch(places);
    });
    const abort = new AbortController();
    const crew = { threads: 2, module: new URL('idle-thread.fixture.ts', import.meta.url) };
    const restored = expectCode(
      'cancelled',
      restoreTree(source, saved.root, join(base, 'to'), { crew, signal: abort.signal }),
    );
    await Promise.race([many.promise, restored]);
    for (let turn = 0; turn < 100; turn++) await giveWay(undefined);
    expect(asked).toBeLessThanOrEqual(48 * MIB);
    abort.abort();
    await restored;
    expect(readdirSync(base)).toEqual(['from']);
  });

  it('[K41] names a file that is hit when a pack was cut off', async () => {
    const base = scratch();
    makeFiles(join(base, 'from'), 6);
    const { source, store, root } = await saveInBlocks(join(base, 'from'), true);
    const { name } = (await listed(store)).find((object) => object.name.includes('/data/'))!;
    await overwrite(store, name, (await store.get(name)).subarray(0, 4.5 * MIB));
    const error = await restoreTree(source, root, join(base, 'to')).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'integrity', details: { object: name, paths: ['004'] } });
    expect(readdirSync(base)).toEqual(['from']);
  });
});
