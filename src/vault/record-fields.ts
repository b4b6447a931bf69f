/** What the small records of a store have in common: docs/design.md 3.6. Each is one sealed frame. */

import { ByteReader, StrataError, utf8 } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';

export const RECORD_VERSION = 1;

/** Its length is a u16. */
const MAX_TEXT_BYTES = 0xffff;

export function startRecord(bytes: Uint8Array, what: string): ByteReader {
  const reader = new ByteReader(bytes, what);
  if (reader.u8() !== RECORD_VERSION) reader.fail('its version is unknown');
  return reader;
}

export function readId<Id extends Uint8Array>(reader: ByteReader): Id {
  return reader.bytes(ID_BYTES).slice() as Id;
}

/** @throws bad_input */
export function textBytes(what: string, value: string): Uint8Array {
  const bytes = utf8(value);
  if (bytes.length <= MAX_TEXT_BYTES) return bytes;
  throw new StrataError('bad_input', `the ${what} is ${bytes.length} bytes long`, {
    hint: `At most ${MAX_TEXT_BYTES} bytes are kept.`,
  });
}

export function readText(reader: ByteReader): string {
  const bytes = reader.short();
  try {
    // With `ignoreBOM` the first character is kept, whatever it is.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return reader.fail('a text in it is not UTF-8');
  }
}
