/** Who owns a store: numbered records, each created once, of which the latest counts. */

import { StrataError } from '../base/index.ts';
import type { SealingKey } from '../chunk/index.ts';
import type { Store, StoreOptions } from '../store/index.ts';
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
  options: StoreOptions = {},
): Promise<OwnerRecord | undefined> {
  let latest = 0;
  for await (const { name } of store.list(OWNER_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'owner') latest = Math.max(latest, parsed.number);
  }
  if (latest === 0) return undefined;
  return getRecord(store, ownerIdentity(latest), findKey, decodeOwner, options);
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
  options?: StoreOptions,
): Promise<'created' | 'exists'> {
  return putRecord(store, key, ownerIdentity(owner.number), encodeOwner(owner), random, options);
}
