/** The keys of a tenant: docs/design.md 3.6. */

import { ByteWriter } from '../base/index.ts';
import type { TenantId } from './names.ts';
import { RECORD_VERSION, readId, readText, startRecord, textBytes } from './record-fields.ts';

const KEY_BYTES = 32;

export interface KeyVersion {
  readonly version: number;
  readonly secret: Uint8Array;
  readonly created: number;
}

export interface KeysRecord {
  readonly tenant: TenantId;
  readonly number: number;
  readonly name: string;
  /** Seeds the cuts. Never rotated: other cuts would find nothing that is stored. */
  readonly cutKey: Uint8Array;
  /** The last one seals what is new. */
  readonly versions: readonly KeyVersion[];
}

export function encodeKeys(keys: KeysRecord): Uint8Array {
  const writer = new ByteWriter()
    .u8(RECORD_VERSION)
    .bytes(keys.tenant)
    .u64(keys.number)
    .short(textBytes('name', keys.name))
    .bytes(keys.cutKey)
    .u16(keys.versions.length);
  for (const key of keys.versions) writer.u32(key.version).bytes(key.secret).i64(key.created);
  return writer.finish();
}

export function decodeKeys(bytes: Uint8Array): KeysRecord {
  const reader = startRecord(bytes, 'a key record');
  const keys = {
    tenant: readId<TenantId>(reader),
    number: reader.u64(),
    name: readText(reader),
    cutKey: reader.bytes(KEY_BYTES).slice(),
    versions: Array.from({ length: reader.u16() }, () => ({
      version: reader.u32(),
      secret: reader.bytes(KEY_BYTES).slice(),
      created: reader.i64(),
    })),
  };
  reader.end();
  if (keys.versions.length === 0) reader.fail('it has no key');
  return keys;
}
