import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';

import type { Sealed } from '../chunk/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { limited } from './limited.ts';
import { openMemoryStore } from './memory.ts';
import { openLine } from './pace.ts';
import { sealed } from './store.contract.ts';
import type { Store } from './store.ts';

/** Each call takes some milliseconds; `most` is how many there were at a time. */
function slow(inner: Store): Store & { most: number; readonly order: string[] } {
  let under = 0;
  const store = {
    ...inner,
    most: 0,
    order: [] as string[],
    async get(name: string, options = {}) {
      store.order.push(name);
      store.most = Math.max(store.most, ++under);
      await sleep(5);
      under--;
      return inner.get(name, options);
    },
  };
  return store;
}

async function filled(): Promise<{ readonly store: ReturnType<typeof slow>; readonly all: string[] }> {
  const store = slow(openMemoryStore());
  const all = Array.from({ length: 20 }, (_, at) => `n/${String(at).padStart(2, '0')}`);
  for (const name of all) await store.put(name, sealed('x'));
  return { store, all };
}

it('[S41] no more requests than allowed, in their order', async () => {
  const { store, all } = await filled();
  const few = limited(store, { requests: 3 });
  await Promise.all(all.map((name) => few.get(name)));
  expect([store.most, store.order]).toEqual([3, all]);
});

it('[S41] what fails or is cancelled gives its place back', async () => {
  const { store, all } = await filled();
  const few = limited(store, { requests: 1 });
  const controller = new AbortController();
  const first = few.get('n/00');
  const waiting = few.get('n/01', { signal: controller.signal });
  controller.abort();
  await expectCode('cancelled', waiting);
  await first;
  for (let times = 0; times < 3; times++) await expectCode('not_found', few.get('nothing'));
  expect(await few.size(all[0]!)).toBe(1);
});

it('[S41] reading what is being listed, and bodies that wait for each other, do not stand still', async () => {
  const { store } = await filled();
  const few = limited(store, { requests: 1 });
  let read = 0;
  for await (const { name } of few.list('n/')) {
    await few.get(name);
    if (++read === 5) break;
  }
  // The first body ends after the second one has been put.
  const second = Promise.withResolvers<void>();
  async function* waits(): AsyncIterable<Sealed> {
    yield* sealed('first');
    await second.promise;
  }
  const first = few.put('first', waits());
  expect(await few.put('second', sealed('x'))).toBe('created');
  second.resolve();
  expect(await first).toBe('created');
});

it('[S42] a line carries no more than it may, both of its users together', async () => {
  const line = openLine({ up: 1_000_000 });
  const began = performance.now();
  await Promise.all(
    ['a', 'b'].map(async () => {
      for (let sent = 0; sent < 200_000; sent += 10_000) await line.up(10_000);
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  expect(seconds).toBeGreaterThan(0.25);
  expect(seconds).toBeLessThan(2);
  // The other way is free.
  const freely = performance.now();
  for (let got = 0; got < 1000; got++) await line.down(1_000_000);
  expect(performance.now() - freely).toBeLessThan(200);
});
