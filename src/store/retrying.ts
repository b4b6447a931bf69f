/**
 * A store that tries again what failed for no lasting reason. What is left for the caller is what somebody has to look at.
 *
 * A put whose answer was lost may have made the object, and the next try is told `exists`. Whose it is shows in its bytes: no two
 * objects are the same, since each is sealed with chance of its own (the one that is not, `format`, has a random id in it). So they are read
 * back, and only then, and `created` is said if they are those of this put.
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { StrataError, formatDuration, isStrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { areBytesOf, gather, lengthOf } from './body.ts';
import { compareKeys } from './listing.ts';
import { isTemporary } from './service-error.ts';
import type { Store } from './store.ts';

export interface Patience {
  /** Milliseconds that one call may take in tries and pauses, once a try has failed; the try that is under way is waited for. */
  readonly budget?: number;
  /** Milliseconds: the longest pause after the first failure. It doubles with each more, up to `most`. */
  readonly first?: number;
  readonly most?: number;
  /** 0 ≤ x < 1. */
  readonly chance?: () => number;
  /** Milliseconds, of any start; never goes back. */
  readonly now?: () => number;
  readonly pause?: (milliseconds: number, options: Cancellable) => Promise<void>;
  /** Told of each try that failed and is followed by another. */
  readonly failed?: (error: StrataError) => void;
}

const BUDGET = 120_000;
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

export function retrying(store: Store, patience: Patience = {}): Store {
  /** @returns what the first try gives that does not fail for a passing reason; `again` says that it was not the first */
  async function tries<Value>(
    options: Cancellable,
    call: (again: boolean) => Promise<Value>,
    failures: Failures = new Failures(patience),
  ): Promise<Value> {
    for (;;) {
      try {
        return await call(failures.count > 0);
      } catch (error) {
        await failures.pauseAfter(error, options);
      }
    }
  }

  return {
    ...store,

    async put(name, body, options = {}) {
      // Each try sends the same bytes.
      const parts = await gather(body, options);
      return tries(options, async (again) => {
        const answer = await store.put(name, parts, options);
        if (answer === 'created' || !again) return answer;
        return (await isOurs(store, name, parts, options)) ? 'created' : 'exists';
      });
    },

    get: (name, options = {}) => tries(options, async () => store.get(name, options)),
    size: (name, options = {}) => tries(options, async () => store.size(name, options)),
    delete: (name, options = {}) => tries(options, async () => store.delete(name, options)),
    sweep: (olderThan, options = {}) => tries(options, async () => store.sweep(olderThan, options)),

    async *list(prefix, options = {}) {
      let { after } = options;
      let failures = new Failures(patience);
      for (;;) {
        try {
          for await (const object of store.list(prefix, { ...options, after })) {
            ({ name: after } = object);
            // It goes on, so what fails later is another failure.
            if (failures.count > 0) failures = new Failures(patience);
            yield object;
          }
          return;
        } catch (error) {
          await failures.pauseAfter(error, options);
        }
      }
    },

    async *foreign(options = {}) {
      const failures = new Failures(patience);
      let last = '';
      for (;;) {
        try {
          // From the start again, and past what was given: nobody waits for what lies about.
          for await (const name of store.foreign(options)) {
            if (compareKeys(name, last) <= 0) continue;
            last = name;
            yield name;
          }
          return;
        } catch (error) {
          await failures.pauseAfter(error, options);
        }
      }
    },
  };
}

/** What has gone wrong with one call so far. */
class Failures {
  count = 0;
  readonly #patience: Patience;
  #began: number | undefined;

  constructor(patience: Patience) {
    this.#patience = patience;
  }

  /** Returns when it is time for the next try. @throws the error, if there is to be none; cancelled */
  async pauseAfter(error: unknown, options: Cancellable): Promise<void> {
    if (!isTemporary(error)) throw error;
    throwIfAborted(options.signal);
    const { budget = BUDGET, first = FIRST_PAUSE, most = LONGEST_PAUSE } = this.#patience;
    const { chance = Math.random, now = () => performance.now(), pause = pauseFor, failed } = this.#patience;
    this.count++;
    const time = now();
    this.#began ??= time;
    // Full jitter: all who were refused at once must not come back at once.
    const length = chance() * Math.min(most, first * 2 ** (this.count - 1));
    const spent = time - this.#began;
    if (spent + length > budget) throw exhausted(error, this.count, spent);
    failed?.(error);
    await pause(length, options);
    throwIfAborted(options.signal);
  }
}

function exhausted(error: StrataError, failures: number, spent: number): StrataError {
  const times =
    failures === 1 ? 'once' : `${failures} times in ${formatDuration(Math.ceil(spent / 1000) * 1000)}`;
  return new StrataError(error.code, `${error.message} (tried ${times})`, {
    hint: error.hint,
    details: { ...error.details, tries: failures, spent: Math.round(spent) },
    cause: error,
  });
}

async function isOurs(
  store: Store,
  name: string,
  parts: readonly Sealed[],
  options: Cancellable,
): Promise<boolean> {
  try {
    return areBytesOf(await store.get(name, { ...options, most: lengthOf(parts) }), parts);
  } catch (error) {
    // Longer than ours.
    if (isStrataError(error, 'integrity')) return false;
    // Names are not given twice, so it was somebody's, or ours, and was deleted since: either way it is not there for the caller.
    if (isStrataError(error, 'not_found')) return false;
    throw error;
  }
}

async function pauseFor(milliseconds: number, { signal }: Cancellable): Promise<void> {
  // Whoever is cancelled in a pause is told so by the next look at the signal.
  await sleep(milliseconds, undefined, { signal }).catch(() => undefined);
}
