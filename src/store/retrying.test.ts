import { expect, it } from 'vitest';

import { StrataError, isStrataError } from '../base/index.ts';
import { expectCode } from '../testing/expect-code.ts';
import { failing, recording } from '../testing/stores.ts';
import { openMemoryStore } from './memory.ts';
import { retrying } from './retrying.ts';
import type { Patience } from './retrying.ts';
import { names, sealed, text } from './store.contract.ts';
import type { Store } from './store.ts';

/** Time passes in pauses, and by `try` milliseconds with each failure. */
function heldWorld(costOfTry = 0): Patience & { readonly pauses: number[] } {
  let time = 0;
  const pauses: number[] = [];
  return {
    pauses,
    chance: () => 0.999_999,
    now: () => time,
    pause: async (milliseconds) => {
      pauses.push(Math.round(milliseconds));
      time += milliseconds + costOfTry;
    },
  };
}

/** Fails the first `count` calls of that kind. */
function failingFirst(store: Store, call: string, when: 'before' | 'after', count = 1): Store {
  let left = count;
  return failing(store, (each) => (each === call && left-- > 0 ? when : undefined));
}

it('[S38] pauses double up to the longest, and stay below it by chance', async () => {
  const world = heldWorld();
  const store = retrying(failingFirst(openMemoryStore(), 'put', 'before', 9), world);
  expect(await store.put('a', sealed('x'))).toBe('created');
  expect(world.pauses).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);

  const lucky = { ...heldWorld(), chance: () => 0.5 };
  await retrying(failingFirst(openMemoryStore(), 'put', 'before', 3), lucky).put('a', sealed('x'));
  expect(lucky.pauses).toEqual([50, 100, 200]);
});

it('[S38] when the budget is used up the error says how often and for how long', async () => {
  const world = heldWorld(500);
  const told: StrataError[] = [];
  const store = retrying(
    failing(openMemoryStore(), () => 'before'),
    { ...world, budget: 10_000, failed: (error) => told.push(error) },
  );
  const error: unknown = await store.get('a').catch((reason: unknown) => reason);
  if (!isStrataError(error, 'unavailable')) throw error;
  expect(error.message).toMatch(/^get a: the connection was lost \(tried 7 times in 10s\)$/);
  expect(error.details).toMatchObject({ tries: 7, temporary: true });
  expect(told).toHaveLength(6);
  expect(world.pauses.reduce((sum, each) => sum + each)).toBeLessThan(10_000);
});

it('[S38] what does not pass is not tried again', async () => {
  const world = heldWorld();
  for (const [code, details] of [
    ['refused', { temporary: true }],
    ['unavailable', {}],
    ['unavailable', { temporary: false }],
    ['disk_full', {}],
  ] as const) {
    const asked = recording(openMemoryStore());
    const broken: Store = {
      ...asked,
      async get(name) {
        await asked.size(name);
        throw new StrataError(code, 'no', { details });
      },
    };
    await expectCode(code, retrying(broken, world).get('a'));
  }
  const failure = new TypeError('a mistake of ours');
  const broken = { ...openMemoryStore(), size: () => Promise.reject(failure) };
  await expect(retrying(broken, world).size('a')).rejects.toBe(failure);
  expect(world.pauses).toEqual([]);
});

it('[S38] a cancellation ends a pause', async () => {
  const controller = new AbortController();
  const store = retrying(
    failing(openMemoryStore(), () => 'before'),
    { first: 60_000, most: 60_000, chance: () => 0.9 },
  );
  setTimeout(() => controller.abort(), 20);
  await expectCode('cancelled', store.get('a', { signal: controller.signal }));
});

it('[S39] a put whose answer was lost has created', async () => {
  const inner = openMemoryStore();
  const store = retrying(failingFirst(inner, 'put', 'after', 2), heldWorld());
  expect(await store.put('a', sealed('ours ', 'indeed'))).toBe('created');
  expect(text(await inner.get('a'))).toBe('ours indeed');
});

it('[S39] a name that somebody else has taken meanwhile exists', async () => {
  for (const theirs of ['theirs', 'longer than ours is', 's', '']) {
    const inner = openMemoryStore();
    const meddling: Store = {
      ...inner,
      async put(name, body, options) {
        await inner.put(name, sealed(theirs));
        return inner.put(name, body, options);
      },
    };
    const store = retrying(failingFirst(meddling, 'put', 'before'), heldWorld());
    expect(await store.put('a', sealed('ours'))).toBe('exists');
    expect(text(await inner.get('a'))).toBe(theirs);
  }
});

it('[S39] a name that was taken before is not read to find out', async () => {
  const inner = recording(openMemoryStore());
  await inner.put('a', sealed('first'));
  const store = retrying(inner, heldWorld());
  expect(await store.put('a', sealed('first'))).toBe('exists');
  expect(inner.events.filter(([call]) => call === 'get')).toEqual([]);
});

it('[S39] whether it was ours is asked again when that answer is lost too', async () => {
  let calls = 0;
  const store = retrying(
    failing(openMemoryStore(), (call) => {
      calls++;
      return call === 'put' && calls === 1 ? 'after' : call === 'get' && calls < 6 ? 'before' : undefined;
    }),
    heldWorld(),
  );
  expect(await store.put('a', sealed('ours'))).toBe('created');
});

it('[S40] a listing goes on where it was broken off', async () => {
  const inner = openMemoryStore();
  const all = Array.from({ length: 50 }, (_, at) => `n/${String(at).padStart(2, '0')}`);
  for (const name of all) await inner.put(name, sealed('x'));
  const asked: (string | undefined)[] = [];
  const breaking: Store = {
    ...inner,
    async *list(prefix, options) {
      asked.push(options?.after);
      let given = 0;
      for await (const object of inner.list(prefix, options)) {
        if (given++ === 20)
          throw new StrataError('unavailable', 'broken off', { details: { temporary: true } });
        yield object;
      }
    },
  };
  expect(await names(retrying(breaking, heldWorld()), 'n/')).toEqual(all);
  expect(asked).toEqual([undefined, 'n/19', 'n/39']);
});
