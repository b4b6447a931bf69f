/** A store that is asked for few things at a time. How many bytes a second go over the line is the matter of `pace.ts`. */

import { cancelled, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { gather } from './body.ts';
import type { Store } from './store.ts';

export interface Limits {
  /** Requests under way at a time, at least 1. */
  readonly requests: number;
}

/** Requests beyond the limit wait, and are let in in the order in which they came. */
export function limited(store: Store, { requests }: Limits): Store {
  const gate = new Gate(requests);
  const one = <Value>(options: Cancellable, call: () => Promise<Value>) => gate.pass(options, call);

  /** Each step waits by itself: whoever asks for objects while it lists them must not wait for its own listing. */
  async function* steps<Item>(items: AsyncIterable<Item>, options: Cancellable): AsyncIterable<Item> {
    const iterator = items[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await one(options, async () => iterator.next());
        if (step.done === true) return;
        yield step.value;
      }
    } finally {
      await iterator.return?.();
    }
  }

  return {
    ...store,

    async put(name, body, options = {}) {
      // All of it, before it takes a place: a body that is still being made may wait for other requests.
      const parts = await gather(body, options);
      return one(options, async () => store.put(name, parts, options));
    },

    get: (name, options = {}) => one(options, async () => store.get(name, options)),
    size: (name, options = {}) => one(options, async () => store.size(name, options)),
    delete: (name, options = {}) => one(options, async () => store.delete(name, options)),
    sweep: (olderThan, options = {}) => one(options, async () => store.sweep(olderThan, options)),
    list: (prefix, options = {}) => steps(store.list(prefix, options), options),
    foreign: (options = {}) => steps(store.foreign(options), options),
  };
}

class Gate {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  async pass<Value>(options: Cancellable, call: () => Promise<Value>): Promise<Value> {
    await this.#enter(options);
    try {
      return await call();
    } finally {
      this.#leave();
    }
  }

  async #enter({ signal }: Cancellable): Promise<void> {
    throwIfAborted(signal);
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      this.#waiting.delete(resolve);
      reject(cancelled(signal!));
    };
    this.#waiting.add(resolve);
    signal?.addEventListener('abort', giveUp, { once: true });
    try {
      await promise;
    } finally {
      signal?.removeEventListener('abort', giveUp);
    }
  }

  /** The place goes from hand to hand: it is never free while somebody waits. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      next();
    }
  }
}
