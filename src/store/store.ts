/**
 * A store keeps sealed objects under names. It is the only thing that outlives us, and it is not trusted with anything but
 * keeping bytes: what comes back is verified by whoever has the keys.
 *
 * What it demands of the world: nothing; every implementation brings its own.
 *
 * What it promises:
 * - An object appears whole or not at all, and is durable when `put` returns: it survives kill −9 and power loss.
 * - A name is created once. Of several puts of one name at a time exactly one answers `created`; the object never changes.
 * - After `created`, `get`, `size` and `list` see the object at once, in every process.
 * - `delete` is idempotent. A deleted name may be listed no more.
 * - `list` gives each name once, in ascending byte order, and throws rather than leave something out.
 * - Every call ends with `cancelled` soon after its signal aborts; a cancelled `put` leaves no object, or the whole one.
 *
 * Names are as in docs/design.md 3.1: ASCII segments of `[a-z0-9]` joined by `/`.
 */

import type { Sealed } from '../chunk/index.ts';

export interface StoreOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface GetOptions extends StoreOptions {
  /** A range past the end of the object is an `integrity` error: readers know the lengths that they ask for. */
  readonly range?: { readonly offset: number; readonly length: number };
}

export interface StoredObject {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** The parts of an object, in order. They are read once. */
export type Body = Iterable<Sealed> | AsyncIterable<Sealed>;

export interface Store {
  /** Names the store in messages: `local store /var/strata`. */
  readonly label: string;

  put(name: string, body: Body, options?: StoreOptions): Promise<'created' | 'exists'>;

  /** @throws not_found */
  get(name: string, options?: GetOptions): Promise<Sealed>;

  /** @returns bytes, or undefined if there is no such object */
  size(name: string, options?: StoreOptions): Promise<number | undefined>;

  /** Every object whose name starts with `prefix`, which is empty or ends with `/`. */
  list(prefix: string, options?: StoreOptions): AsyncIterable<StoredObject>;

  delete(name: string, options?: StoreOptions): Promise<void>;
}
