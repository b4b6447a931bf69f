/** The first 128 bytes of every sealed object: docs/design.md 3.3. */

import { ByteReader, ByteWriter, StrataError, concatBytes, equalBytes, sha256 } from '../base/index.ts';
import { ID_BYTES, OBJECT_TYPES, damaged, objectId } from './identity.ts';
import type { ObjectIdentity } from './identity.ts';
import { COMMITMENT_BYTES } from './key.ts';

export const HEADER_BYTES = 128;
export const SALT_BYTES = 32;

const MAGIC = Uint8Array.of(0x53, 0x54, 0x52, 0x41, 0x54, 0x41, 0x0d, 0x0a);
const VERSION = 1;
const RESERVED_BYTES = 6;
const SUM_AT = 112;
const SUM_BYTES = HEADER_BYTES - SUM_AT;

/** What a header says beyond the identity of its object. */
export interface Header {
  readonly keyId: Uint8Array;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
}

export function encodeHeader(identity: ObjectIdentity, header: Header): Uint8Array {
  const front = new ByteWriter()
    .bytes(MAGIC)
    .u8(VERSION)
    .u8(OBJECT_TYPES[identity.type])
    .bytes(new Uint8Array(RESERVED_BYTES))
    .bytes(header.keyId)
    .bytes(objectId(identity.name))
    .bytes(header.salt)
    .bytes(header.commitment)
    .finish();
  return concatBytes([front, sumOf(front)]);
}

/**
 * @param identity the object that was asked for
 * @throws integrity if the bytes are not the header of that object; unsupported_format
 */
export function decodeHeader(bytes: Uint8Array, identity: ObjectIdentity): Header {
  if (bytes.length !== HEADER_BYTES) throw damaged(identity, 'it is shorter than its header');
  const reader = new ByteReader(bytes, `header of ${identity.name}`);
  const magic = reader.bytes(MAGIC.length);
  const version = reader.u8();
  const type = reader.u8();
  const reserved = reader.bytes(RESERVED_BYTES);
  const keyId = reader.bytes(ID_BYTES);
  const id = reader.bytes(ID_BYTES);
  const salt = reader.bytes(SALT_BYTES);
  const commitment = reader.bytes(COMMITMENT_BYTES);
  if (!equalBytes(reader.bytes(SUM_BYTES), sumOf(bytes.subarray(0, SUM_AT))))
    throw damaged(identity, 'its header has changed');
  if (!equalBytes(magic, MAGIC)) throw damaged(identity, 'it is no stored object');
  // Before all that a later version may have changed.
  if (version !== VERSION) throw unknownVersion(identity, version);
  if (reserved.some((byte) => byte !== 0)) throw damaged(identity, 'reserved bytes of its header are set');
  if (type !== OBJECT_TYPES[identity.type] || !equalBytes(id, objectId(identity.name)))
    throw damaged(identity, 'it is not the object that its name says');
  return { keyId, salt, commitment };
}

function unknownVersion({ name }: ObjectIdentity, version: number): StrataError {
  return new StrataError(
    'unsupported_format',
    `object ${name} has format version ${version}; this program knows version ${VERSION}`,
    { hint: 'Use the newer version of Strata that wrote it.', details: { object: name } },
  );
}

function sumOf(front: Uint8Array): Uint8Array {
  return sha256(front).subarray(0, SUM_BYTES);
}
