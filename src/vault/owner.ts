/** Who owns a store: numbered records, each created once, of which the latest counts. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SealingKey } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { listOwnerNumbers, newestReadable } from './listing.ts';
import { ownerIdentity } from './names.ts';
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
  const latest = (await listOwnerNumbers(store, options)).at(-1);
  if (latest === undefined) return undefined;
  return getRecord(store, ownerIdentity(latest), findKey, decodeOwner, options);
}

/**
 * As `latestOwner`, past records that none of our keys opens.
 *
 * @throws wrong_key if there are records, and no key opens any of them; integrity
 */
export async function latestReadableOwner(
  store: Store,
  findKey: FindKey,
  options: Cancellable = {},
): Promise<OwnerRecord | undefined> {
  return newestReadable(await listOwnerNumbers(store, options), (number) =>
    getRecord(store, ownerIdentity(number), findKey, decodeOwner, options),
  );
}

export function ownedByAnother(label: string): StrataError {
  return new StrataError('not_ours', `${label} belongs to another home`, {
    hint: 'Use that home, or name another place in `storage` in the configuration. If its database was lost, run `strata store rebuild-index`.',
  });
}

export function attachedToRead(label: string): StrataError {
  return new StrataError('not_ours', `${label} belongs to another home; this one is attached to read it`, {
    hint: 'Save with the home that owns it, or take it over with `strata store attach --take-over`, which stops the other one.',
  });
}

export function takenOver(label: string): StrataError {
  return new StrataError('not_ours', `${label} was taken over by another home`, {
    hint: 'This home can be read and restored from. `strata store attach --take-over` takes the store back, and stops the other one.',
  });
}

export function takenOverByHalf(label: string): StrataError {
  return new StrataError('not_ours', `taking ${label} over was cut off, and is not done yet`, {
    hint: 'Run `strata store attach --take-over` again: it goes on from there.',
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
