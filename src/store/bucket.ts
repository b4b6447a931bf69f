/** What stores in buckets have in common, whichever service keeps them. */

import { isStrataError, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import { gather } from './body.ts';
import { checkRange, rangeOf } from './error.ts';
import { checkName, checkPrefix, isName } from './name.ts';
import type { Line } from './pace.ts';
import type { GetOptions, ListOptions, Store, StoredObject } from './store.ts';
import type { Tally } from './tally.ts';

export interface ServiceOptions {
  /** Milliseconds that a request may be silent. */
  readonly idle?: number;
  /** Milliseconds that it may take in all, however it goes on. */
  readonly deadline?: number;
  readonly line?: Line;
  /** Counts each request, and the bytes of objects. */
  readonly tally?: Tally;
}

/** Milliseconds. Services answer in less than one second; a busy one, or a slow line, may take many. */
export const DEFAULT_IDLE = 30_000;
/** Milliseconds. A pack of 16 MiB over 150 kbit/s; one byte now and then must not hold a request for ever. */
export const DEFAULT_DEADLINE = 15 * 60_000;
/** Of one object: what one PUT takes at Amazon's; no object of ours comes near. Bytes. */
export const MAX_OBJECT_BYTES = 5 * 2 ** 30;

export type Range = NonNullable<GetOptions['range']>;

/** Names and prefixes are checked already, and a body is whole. */
export interface BucketCalls {
  /** How people know the store. */
  readonly label: string;
  put(name: string, parts: readonly Sealed[], options: Cancellable): Promise<'created' | 'exists'>;
  /** @param range at least one byte; undefined: all @throws not_found */
  read(name: string, range: Range | undefined, options: GetOptions): Promise<Sealed>;
  /** @throws not_found */
  sizeOf(name: string, options: Cancellable): Promise<number>;
  /** Of all that begins so, also what is no object of ours. */
  keys(start: string, options: ListOptions): AsyncIterable<StoredObject>;
  /** What is not there is gone already. */
  delete(name: string, options: Cancellable): Promise<void>;
}

export function bucketStore(calls: BucketCalls): Store {
  const { label, sizeOf, keys } = calls;
  return {
    label,
    isFar: true,

    async put(name, body, options = {}) {
      checkName(name);
      return calls.put(name, await gather(body, options), options);
    },

    async get(name, options = {}) {
      checkName(name);
      const { range } = options;
      checkRange(range);
      // HTTP has no range without a byte.
      if (range?.length !== 0) return calls.read(name, range, options);
      rangeOf(name, await sizeOf(name, options), options);
      return new Uint8Array(0) as Sealed;
    },

    async size(name, options = {}) {
      checkName(name);
      try {
        return await sizeOf(name, options);
      } catch (error) {
        if (isStrataError(error, 'not_found')) return undefined;
        throw error;
      }
    },

    async *list(start, options = {}) {
      checkPrefix(start);
      for await (const object of keys(start, options)) if (isName(object.name)) yield object;
    },

    async *foreign(options = {}) {
      for await (const { name } of keys('', options)) if (!isName(name)) yield name;
    },

    async delete(name, options = {}) {
      checkName(name);
      await calls.delete(name, options);
    },

    // An upload that is broken off leaves nothing, and there are none in parts.
    async sweep(_olderThan, options = {}) {
      throwIfAborted(options.signal);
      return 0;
    },
  };
}
