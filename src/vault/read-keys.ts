/** Reads the keys of a tenant, also where they were sealed anew since this home was told their number. */

import { StrataError, equalBytes, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { damaged } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { readHome } from './home.ts';
import { decodeKeys } from './keys-record.ts';
import type { KeysRecord } from './keys-record.ts';
import { listKeyNumbers, newestReadable } from './listing.ts';
import { keysIdentity } from './names.ts';
import type { TenantId } from './names.ts';
import { getRecord } from './sealed-object.ts';
import type { FindKey } from './sealed-object.ts';
import type { VaultWorld } from './world.ts';

/**
 * @param number of the record that this home knows. If it is gone, a home that reads what another one owns was not told of the newer ones,
 *   which say the same and maybe more; in the owner an older database was put back
 * @throws integrity; wrong_key, also if only another root key opens the newer ones
 */
export async function readKeysOf(
  world: VaultWorld,
  findKey: FindKey,
  tenant: TenantId,
  number: number,
  options: Cancellable = {},
): Promise<KeysRecord> {
  const { store } = world;
  const read = (at: number) => readRecord(store, findKey, tenant, at, options);
  try {
    return await read(number);
  } catch (error) {
    if (!isStrataError(error, 'integrity') || (await readHome(world))?.role !== 'reader') throw error;
    const numbers = (await listKeyNumbers(store, options)).get(toHex(tenant))?.numbers ?? [];
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

async function readRecord(
  store: Store,
  findKey: FindKey,
  tenant: TenantId,
  number: number,
  options: Cancellable,
): Promise<KeysRecord> {
  const identity = keysIdentity(tenant, number);
  const record = await getRecord(store, identity, findKey, decodeKeys, options);
  if (equalBytes(record.tenant, tenant) && record.number === number) return record;
  throw damaged(identity, 'it belongs to another tenant or number');
}

function rootKeyReplaced({ label }: Store, cause: StrataError): StrataError {
  return new StrataError('wrong_key', `${label} has another root key than this home was attached with`, {
    hint: 'The home that owns it replaced the key. Export the new one there (`strata keys export-recovery`), move the key file of this home away, and attach the store again with `--recovery`.',
    details: cause.details,
    cause,
  });
}
