/** Announcements of saves: docs/design.md 3.6. */

import { ByteWriter } from '../base/index.ts';
import type { IntentId } from './names.ts';
import { RECORD_VERSION, readId, startRecord } from './record-fields.ts';

export interface IntentRecord {
  readonly id: IntentId;
  /** The collector's epoch that the save reads the index in. */
  readonly epoch: number;
  readonly started: number;
  readonly expires: number;
}

export function encodeIntent(intent: IntentRecord): Uint8Array {
  return new ByteWriter()
    .u8(RECORD_VERSION)
    .bytes(intent.id)
    .u64(intent.epoch)
    .i64(intent.started)
    .i64(intent.expires)
    .finish();
}

export function decodeIntent(bytes: Uint8Array): IntentRecord {
  const reader = startRecord(bytes, 'an intent');
  const intent = {
    id: readId<IntentId>(reader),
    epoch: reader.u64(),
    started: reader.i64(),
    expires: reader.i64(),
  };
  reader.end();
  return intent;
}
