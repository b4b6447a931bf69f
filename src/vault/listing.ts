/** What a listing of the store tells: which numbers the records of keys and owners have, and whether anything is there. */

import { isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Store } from '../store/index.ts';
import { KEYS_PREFIX, OWNER_PREFIX, parseName } from './names.ts';
import type { TenantId } from './names.ts';

export interface KeyNumbers {
  readonly tenant: TenantId;
  /** Ascending; at least one. */
  readonly numbers: number[];
}

/** The key records of every tenant, by its id in hex. */
export async function listKeyNumbers(
  store: Store,
  options: Cancellable,
): Promise<ReadonlyMap<string, KeyNumbers>> {
  const found = new Map<string, KeyNumbers>();
  for await (const { name } of store.list(KEYS_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind !== 'keys') continue;
    const { tenant, number } = parsed;
    const known = found.get(toHex(tenant));
    if (known === undefined) found.set(toHex(tenant), { tenant, numbers: [number] });
    else known.numbers.push(number);
  }
  return found;
}

/** Ascending. */
export async function listOwnerNumbers(store: Store, options: Cancellable): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { name } of store.list(OWNER_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'owner') numbers.push(parsed.number);
  }
  return numbers;
}

/**
 * The newest record that one of our keys opens: a rotation that was cut off or given up leaves some whose key nobody has any more,
 * and an earlier one says the same.
 *
 * @param numbers ascending
 * @returns undefined if there are none
 * @throws wrong_key if no key opens any of them; what else `read` throws
 */
export async function newestReadable<Item>(
  numbers: readonly number[],
  read: (number: number) => Promise<Item>,
): Promise<Item | undefined> {
  for (const number of numbers.toReversed()) {
    try {
      return await read(number);
    } catch (error) {
      if (!isStrataError(error, 'wrong_key') || number === numbers[0]) throw error;
    }
  }
  return undefined;
}

/** @param prefix as for `Store.list` */
export async function holdsAny(store: Store, prefix: string, options: Cancellable): Promise<boolean> {
  for await (const _ of store.list(prefix, options)) return true;
  return false;
}
