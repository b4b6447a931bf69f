/** Reads the keys of a tenant, also where they were sealed anew since this home was told their number. */

import { StrataError, equalBytes, isStrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { isForeign } from './home.ts';
import { decodeKeys } from './keys-record.ts';
import type { KeysRecord } from './keys-record.ts';
import { listKeyNumbers, newestReadable } from './listing.ts';
import { idOf, keysIdentity } from './names.ts';
import type { TenantId } from './names.ts';
import { getRecord } from './sealed-object.ts';
import type { FindKey } from './sealed-object.ts';
import type { VaultWorld } from './world.ts';

/** The record of that number. @throws integrity; wrong_key */
export async function readKeys(
  { store }: Pick<VaultWorld, 'store'>,
  findKey: FindKey,
  tenant: TenantId,
  number: number,
  options: Cancellable = {},
): Promise<KeysRecord> {
  const identity = keysIdentity(tenant, number);
  const record = await getRecord(store, identity, findKey, decodeKeys, options);
  if (equalBytes(record.tenant, tenant) && record.number === number) return record;
  throw damaged(identity, 'it belongs to another tenant or number');
}

/**
 * The record that a row of the database names, or the one that is in its place by now: a home that reads what another one owns is not told of
 * a newer one, which says the same and maybe more. In the owner itself an older database was put back, and that has to be said.
 *
 * @throws integrity; wrong_key, also if only another root key opens the newer ones
 */
export async function readKeysInForce(
  world: VaultWorld,
  findKey: FindKey,
  { id, key_seq: number }: { readonly id: string; readonly key_seq: number },
  options: Cancellable = {},
): Promise<KeysRecord> {
  const { store } = world;
  const tenant = idOf<TenantId>(id);
  const read = (at: number) => readKeys(world, findKey, tenant, at, options);
  try {
    return await read(number);
  } catch (error) {
    if (!isStrataError(error, 'integrity')) throw error;
    // Sealed under a new number since the row was read.
    const row = await world.database.kysely
      .selectFrom('tenants')
      .select(['id', 'key_seq'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (row !== undefined && row.key_seq !== number) return readKeysInForce(world, findKey, row, options);
    if (!(await isForeign(world))) throw error;
    const numbers = (await listKeyNumbers(store, options)).get(id)?.numbers ?? [];
    if (numbers.includes(number)) throw error;
    const newest = await newestReadable(
      numbers.filter((each) => each > number),
      read,
    ).catch((reason: unknown) => {
      throw isStrataError(reason, 'wrong_key') ? rootKeyReplaced(store, reason) : reason;
    });
    if (newest === undefined) throw error;
    return newest;
  }
}

function rootKeyReplaced({ label }: Store, cause: StrataError): StrataError {
  return new StrataError('wrong_key', `${label} has another root key than this home was attached with`, {
    hint: 'The home that owns it replaced the key. Export the new one there (`strata keys export-recovery`), move the key file of this home away, and attach the store again with `--recovery`.',
    details: cause.details,
    cause,
  });
}
