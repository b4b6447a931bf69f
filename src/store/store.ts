/**
 * A store keeps sealed objects under names. It is the only thing that outlives us, and it is not trusted with anything but
 * keeping bytes: what comes back is verified by whoever has the keys.
 *
 * What it demands of callers: a name is given to one object only (random names, or numbers that are taken once), and no name
 * is the front of another (`a` and `a/b`).
 *
 * What it promises:
 * - An object appears whole or not at all, and is durable when `put` returns: it survives kill −9 and power loss.
 * - A name is created once. Of several puts of one name at a time, in however many processes, exactly one answers `created`;
 *   the others answer `exists`, and the object has the bytes of the one that created it. It never changes.
 * - A put that throws may have created the object all the same (its answer was lost); it never leaves a part of one.
 * - After `created`, `get`, `size` and `list` see the object at once, in every process.
 * - `delete` is idempotent. A power cut may bring a deleted object back, whole.
 * - `list` gives each object once, in ascending byte order of the names, and throws rather than leave something out. Objects
 *   that come or go meanwhile may be in it or not.
 * - `get` returns exactly the bytes asked for, or throws; it never returns fewer. They are the caller's, who may change them or hand their
 *   memory on; and no Buffer, so that a `slice` of them that is kept keeps no more than itself.
 * - Every call ends with `cancelled` soon after its signal aborts; a cancelled `put` leaves no object, or the whole one.
 * - No call waits for another one, except that a put may wait for a put of the same name, or for the disk together with others.
 */

import type { Cancellable } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';

export interface GetOptions extends Cancellable {
  /**
   * Bytes. A range past the end of the object is an `integrity` error: readers know the lengths that they ask for, so
   * such an object was cut short.
   */
  readonly range?: { readonly offset: number; readonly length: number } | undefined;
  /** Bytes. A longer object is an `integrity` error, before memory is taken for it; not for ranges. */
  readonly most?: number | undefined;
}

export interface ListOptions extends Cancellable {
  /** A name: only those that come after it are listed. Whoever was interrupted goes on from there. */
  readonly after?: string | undefined;
}

export interface StoredObject {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The parts of an object, in order. They are read once, to the end, also when the name turns out to be taken. A part is gone when the
 * next one is asked for: a store that needs it longer copies it. Those of an array are all there until the put has ended.
 */
export type Body = Iterable<Sealed> | AsyncIterable<Sealed> | WholeBody;

/** For stores that need all of it at once, and would copy each part otherwise. */
export interface WholeBody extends AsyncIterable<Sealed> {
  /** Instead of reading the parts. They are all there until the put has ended. */
  whole(): Promise<readonly Sealed[]>;
}

/**
 * Every call refuses a name that does not follow the grammar of `isName` with `bad_input`, before it touches anything.
 * Common to all of them: unavailable, unreadable, disk_full, read_only, cancelled.
 */
export interface Store {
  /** Names the store in messages: `local store /var/strata`. */
  readonly label: string;

  /** Of one that is kept in part on this machine: the store itself, for who has to know what is really there. */
  readonly itself?: Store;

  /** Each request is a round trip over a network: whoever wants several things asks for them together. */
  readonly isFar?: boolean;

  put(name: string, body: Body, options?: Cancellable): Promise<'created' | 'exists'>;

  /** @throws not_found; integrity if it is shorter than the range, or if what has the name is no object */
  get(name: string, options?: GetOptions): Promise<Sealed>;

  /** @returns bytes, or undefined if there is no such object */
  size(name: string, options?: Cancellable): Promise<number | undefined>;

  /** Every object whose name starts with `prefix`, which is empty or a name with a `/` after it. */
  list(prefix: string, options?: ListOptions): AsyncIterable<StoredObject>;

  /** Names of what lies in the store and can be no object, for people to look at: each once, ascending. */
  foreign(options?: Cancellable): AsyncIterable<string>;

  delete(name: string, options?: Cancellable): Promise<void>;

  /**
   * Removes what broken-off puts left behind, at once where their process is known to be dead; no such remains are ever listed as objects. A put that is still under way
   * and has written nothing for that long fails cleanly.
   *
   * @param olderThan milliseconds; be generous, since the clocks of two machines differ
   * @returns how many were removed
   */
  sweep(olderThan: number, options?: Cancellable): Promise<number>;
}
