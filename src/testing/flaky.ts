/** A store that fails at a rate: before a call, after it so that its answer is lost, and in the middle of a listing. */

import { StrataError } from '../base/index.ts';
import type { Store } from '../store/index.ts';

/** @param rate of all calls, 0–1 */
export function flaky(store: Store, rate: number, seed: number): Store {
  const chance = sequence(seed);
  const fail = () => {
    throw new StrataError('unavailable', 'the connection was lost', { details: { temporary: true } });
  };
  const maybe = () => {
    if (chance() < rate) fail();
  };
  const around = async <Value>(call: () => Promise<Value>): Promise<Value> => {
    const fate = chance();
    if (fate < rate / 2) fail();
    const value = await call();
    if (fate < rate) fail();
    return value;
  };
  async function* broken<Item>(items: AsyncIterable<Item>): AsyncIterable<Item> {
    maybe();
    for await (const item of items) {
      yield item;
      // Often in a short listing, seldom in a long one: it must get on.
      if (chance() < rate / 10) fail();
    }
  }
  return {
    ...store,
    put: (name, body, options) => around(() => store.put(name, body, options)),
    get: (name, options) => around(() => store.get(name, options)),
    size: (name, options) => around(() => store.size(name, options)),
    delete: (name, options) => around(() => store.delete(name, options)),
    list: (prefix, options) => broken(store.list(prefix, options)),
    foreign: (options) => broken(store.foreign(options)),
  };
}

/** Numbers 0 ≤ x < 1 that look like chance, the same ones for each seed (mulberry32). */
export function sequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
