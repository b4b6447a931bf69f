/** Keys: derived one from another, so that a random salt gives each object a key of its own. */

import { hkdfSync } from 'node:crypto';

import { EMPTY, concatBytes, utf8 } from '../base/index.ts';
import { ID_BYTES, OBJECT_TYPES, objectId } from './identity.ts';
import type { ObjectIdentity } from './identity.ts';

/** A key that seals objects, with the id by which headers name it. */
export interface SealingKey {
  readonly id: Uint8Array;
  readonly secret: Uint8Array;
}

/** What one object is sealed with. */
export interface ObjectKey {
  readonly secret: Uint8Array;
  /** Stands in the open: no ciphertext opens under two keys. */
  readonly commitment: Uint8Array;
}

export const COMMITMENT_BYTES = 32;
const KEY_BYTES = 32;

/** HKDF-SHA-256 without a salt. */
export function derive(secret: Uint8Array, info: string, length: number): Uint8Array {
  return hkdf(secret, EMPTY, utf8(info), length);
}

export function keyId(secret: Uint8Array): Uint8Array {
  return derive(secret, 'strata key id v1', ID_BYTES);
}

export function objectKey(key: SealingKey, salt: Uint8Array, identity: ObjectIdentity): ObjectKey {
  const info = concatBytes([
    utf8('strata object v1'),
    Uint8Array.of(OBJECT_TYPES[identity.type]),
    identity.tenant,
    objectId(identity.name),
  ]);
  const bytes = hkdf(key.secret, salt, info, KEY_BYTES + COMMITMENT_BYTES);
  return { secret: bytes.subarray(0, KEY_BYTES), commitment: bytes.subarray(KEY_BYTES) };
}

function hkdf(secret: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, salt, info, length));
}
