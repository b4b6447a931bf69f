import { describe, expect, it } from 'vitest';

import { sha256, toHex } from '../base/index.ts';
import type { Sha256 } from '../base/index.ts';
import { openMemoryStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { noise } from '../testing/noise.ts';
import { failing } from '../testing/stores.ts';
import { readChunks } from './block-runs.ts';
import { VaultReader } from './reader.ts';
import { KEYRING, indexOf, writerOver } from './writer.fixture.ts';

const CHUNK = 30 * 1024;
/** How many fill a block; two blocks are a run. */
const IN_BLOCK = 68;

async function storeOf(count: number) {
  const store = openMemoryStore();
  const writer = writerOver(store);
  const ids: Sha256[] = [];
  for (let at = 0; at < count; at++) {
    ids.push(writer.chunk(noise(`run ${at}`, CHUNK)));
    await writer.drain();
  }
  return { store, ids, index: await indexOf(store, await writer.finish()) };
}

describe('many chunks', () => {
  it('[V60] are read in the order of their packs, each once, those of neighbouring blocks together', async () => {
    const { store, ids, index } = await storeOf(14 * IN_BLOCK + 8);
    let [underWay, most] = [0, 0];
    const ranges: number[] = [];
    const watched: Store = {
      ...store,
      async get(name, options) {
        const { length } = options!.range!;
        if (length > CHUNK) ranges.push(length);
        underWay += length;
        most = Math.max(most, underWay);
        await new Promise((resolve) => setTimeout(resolve, 1));
        underWay -= length;
        return store.get(name, options);
      },
    };
    const { blocks } = new VaultReader({ store: watched, keyring: KEYRING, index });
    const read = async (wanted: readonly Sha256[]) => {
      ranges.length = 0;
      const taken: string[] = [];
      await readChunks(blocks, wanted, {
        take: (bytes) => void taken.push(toHex(sha256(bytes))),
        drain: async () => {},
      });
      return taken;
    };
    // The first pack that is asked for comes first, and each pack in its order.
    const inOrder = ids.map((id) => toHex(id));
    expect(await read([ids[1]!, ...ids.toReversed()].filter((id, at) => at === 0 || id !== ids[1]))).toEqual(
      inOrder,
    );
    expect(ranges.length).toBeLessThan(12);
    expect(most).toBeLessThanOrEqual(17 * 1024 * 1024);
    // Of every other block: what lies between is not fetched.
    const some = ids.filter((_, at) => Math.floor(at / IN_BLOCK) % 2 === 0);
    expect(await read(some)).toEqual(some.map((id) => toHex(id)));
    expect(ranges.length).toBe(8);
    expect(Math.max(...ranges)).toBeLessThan((IN_BLOCK + 1) * CHUNK);
  });

  it('[V60] one that is missing, one that is damaged, and a store that fails end it', async () => {
    const { store, ids, index } = await storeOf(3 * IN_BLOCK);
    const options = { take: () => {}, drain: async () => {} };
    const over = (other: Store) => new VaultReader({ store: other, keyring: KEYRING, index }).blocks;
    await expectCode('integrity', readChunks(over(store), [...ids, sha256(noise('none', 9))], options));
    const damaging: Store = {
      ...store,
      get: async (name, at) => {
        const bytes = await store.get(name, at);
        return at!.range!.length > CHUNK ? (bytes.with(99, bytes[99]! ^ 1) as typeof bytes) : bytes;
      },
    };
    await expectCode('integrity', readChunks(over(damaging), ids, options));
    for (let step = 0; step < 2; step++) {
      let calls = 0;
      const broken = failing(store, () => (calls++ === step ? 'before' : undefined));
      await expectCode('unavailable', readChunks(over(broken), ids, options));
    }
    const signal = AbortSignal.abort();
    await expectCode('cancelled', readChunks(over(store), ids, { ...options, signal }));
  });
});
