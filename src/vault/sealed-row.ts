/** Bytes in a row of the database that only their tenant can open: the database itself is not encrypted. */

import { concatBytes } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { HEADER_BYTES, ObjectOpener, ObjectSealer } from '../chunk/index.ts';
import type { ObjectIdentity } from '../chunk/index.ts';
import type { Keyring } from './keyring.ts';
import type { TenantId } from './names.ts';
import { naming } from './sealed-object.ts';

/** @param name of the row: moved to another one they do not open */
export function sealRow(keyring: Keyring, name: string, plain: Uint8Array, random: Random): Uint8Array {
  const identity = rowIdentity(keyring.tenant, name);
  const sealer = new ObjectSealer(keyring.seal(identity.type), identity, random);
  return concatBytes([sealer.header, sealer.frame(0, plain)]);
}

/** @throws integrity; wrong_key */
export function openRow(keyring: Keyring, name: string, sealed: Uint8Array): Uint8Array {
  const identity = rowIdentity(keyring.tenant, name);
  return naming(identity, () => {
    const opener = ObjectOpener.open(sealed.subarray(0, HEADER_BYTES), identity, keyring.find);
    return opener.frame(0, sealed.subarray(HEADER_BYTES));
  });
}

/** No object of a store has such a name. */
function rowIdentity(tenant: TenantId, name: string): ObjectIdentity {
  return { type: 'tree', tenant, name: `row/${name}` };
}
