/** Stores around a store: one remembers what was asked of it, one fails when it is told to. */

import { StrataError } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';

/** `put` is written when the put has returned: the object is durable from there on. */
export type StoreEvent = readonly [call: 'begin' | 'put' | 'get' | 'delete', name: string];

export interface RecordingStore extends Store {
  readonly events: StoreEvent[];
}

export function recording(store: Store): RecordingStore {
  const events: StoreEvent[] = [];
  return {
    ...store,
    events,
    async put(name, body, options) {
      events.push(['begin', name]);
      const outcome = await store.put(name, body, options);
      events.push(['put', name]);
      return outcome;
    },
    get(name, options) {
      events.push(['get', name]);
      return store.get(name, options);
    },
    delete(name, options) {
      events.push(['delete', name]);
      return store.delete(name, options);
    },
  };
}

type Call = 'put' | 'get' | 'delete';

/**
 * @param fails is asked before each call; `'after'` lets the call happen and loses its answer
 */
export function failing(
  store: Store,
  fails: (call: Call, name: string) => 'before' | 'after' | undefined,
): Store {
  const around = async <Value>(call: Call, name: string, run: () => Promise<Value>): Promise<Value> => {
    const when = fails(call, name);
    if (when === 'before') throw lost(call, name);
    const value = await run();
    if (when === 'after') throw lost(call, name);
    return value;
  };
  return {
    ...store,
    put: (name, body, options) => around('put', name, () => store.put(name, body, options)),
    get: (name, options) => around('get', name, () => store.get(name, options)),
    delete: (name, options) => around('delete', name, () => store.delete(name, options)),
  };
}

/** Every object with its bytes. */
export async function contents(store: Store): Promise<Map<string, Sealed>> {
  const all = new Map<string, Sealed>();
  for await (const { name } of store.list('')) all.set(name, await store.get(name));
  return all;
}

/** What a bad disk does: the object has other bytes from now on. */
export async function overwrite(store: Store, name: string, bytes: Uint8Array): Promise<void> {
  await store.delete(name);
  await store.put(name, [bytes as Sealed]);
}

function lost(call: Call, name: string): StrataError {
  return new StrataError('unavailable', `${call} ${name}: the connection was lost`, {
    details: { temporary: true },
  });
}
