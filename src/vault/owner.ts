/** Who owns a store: numbered records, each created once, of which the latest counts. */

import { StrataError, isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SealingKey } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { OWNER_PREFIX, ownerIdentity, parseName } from './names.ts';
import { decodeOwner, encodeOwner } from './owner-record.ts';
import type { OwnerRecord } from './owner-record.ts';
import { getRecord, putRecord } from './sealed-object.ts';
import type { FindKey } from './sealed-object.ts';
import type { VaultWorld } from './world.ts';

/** @returns undefined if nobody owns the store yet. @throws wrong_key, integrity */
export async function latestOwner(
  store: Store,
  findKey: FindKey,
  options: Cancellable = {},
): Promise<OwnerRecord | undefined> {
  const latest = (await ownerNumbers(store, options)).at(-1);
  if (latest === undefined) return undefined;
  return getRecord(store, ownerIdentity(latest), findKey, decodeOwner, options);
}

/**
 * As `latestOwner`, past records that none of our keys opens: a rotation that was given up leaves one whose key nobody has any more.
 *
 * @throws wrong_key if there are records, and no key opens any of them; integrity
 */
export async function latestReadableOwner(
  store: Store,
  findKey: FindKey,
  options: Cancellable = {},
): Promise<OwnerRecord | undefined> {
  const numbers = await ownerNumbers(store, options);
  for (const number of numbers.toReversed()) {
    try {
      return await getRecord(store, ownerIdentity(number), findKey, decodeOwner, options);
    } catch (error) {
      if (!isStrataError(error, 'wrong_key') || number === numbers[0]) throw error;
    }
  }
  return undefined;
}

/** Ascending. */
async function ownerNumbers(store: Store, options: Cancellable): Promise<number[]> {
  const numbers: number[] = [];
  for await (const { name } of store.list(OWNER_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'owner') numbers.push(parsed.number);
  }
  return numbers;
}

export function ownedByAnother(label: string): StrataError {
  return new StrataError('not_ours', `${label} belongs to another home`, {
    hint: 'Use that home, or name another place in `storage.local.path`. If its database was lost, run `strata store rebuild-index`.',
  });
}

/** @returns 'exists' if somebody else has taken that number */
export function putOwner(
  { store, random }: Pick<VaultWorld, 'store' | 'random'>,
  key: SealingKey,
  owner: OwnerRecord,
  options?: Cancellable,
): Promise<'created' | 'exists'> {
  return putRecord(store, key, ownerIdentity(owner.number), encodeOwner(owner), random, options);
}
