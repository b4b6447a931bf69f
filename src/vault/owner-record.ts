/** Owners of a store: docs/design.md 3.6. */

import { ByteWriter } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import { RECORD_VERSION, startRecord } from './record-fields.ts';

export interface OwnerRecord {
  readonly number: number;
  /** The home, 16 random bytes, that publishes heads and collects. */
  readonly home: Uint8Array;
  readonly since: number;
}

export function encodeOwner(owner: OwnerRecord): Uint8Array {
  return new ByteWriter().u8(RECORD_VERSION).u64(owner.number).bytes(owner.home).i64(owner.since).finish();
}

export function decodeOwner(bytes: Uint8Array): OwnerRecord {
  const reader = startRecord(bytes, 'an owner record');
  const owner = { number: reader.u64(), home: reader.bytes(ID_BYTES).slice(), since: reader.i64() };
  reader.end();
  return owner;
}
