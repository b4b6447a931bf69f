import { expect, it } from 'vitest';

import { BlockCache } from './block-cache.ts';

const BLOCK = 1024 * 1024;
const KEPT = 64;

it('[V40] keeps 64 MiB of opened blocks, those that were used last', async () => {
  const cache = new BlockCache();
  const fetched: number[] = [];
  const get = (key: number) =>
    cache.get(key, BLOCK, async () => {
      fetched.push(key);
      return Uint8Array.of(key);
    });
  for (let key = 0; key < KEPT; key++) await get(key);
  await get(0);
  expect(fetched).toHaveLength(KEPT);
  await get(KEPT);
  fetched.length = 0;
  for (const key of [0, KEPT, 2, 1]) expect([...(await get(key))]).toEqual([key]);
  expect(fetched).toEqual([1]);
});

it('[V40] gives a block that is larger than all that it keeps', async () => {
  const cache = new BlockCache();
  const large = await cache.get('large', (KEPT + 1) * BLOCK, async () => Uint8Array.of(1));
  expect([...large]).toEqual([1]);
});
