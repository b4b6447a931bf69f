/** Extended headers: what does not fit into a header block, as `<length> <key>=<value>\n` (POSIX.1-2017, pax). */

import { asBuffer, concatBytes, utf8 } from '../base/index.ts';

export type PaxRecords = ReadonlyMap<string, Uint8Array>;

const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;

/** Digits of a length: no extended header is longer. */
const LENGTH_DIGITS = 8;

export function writePax(records: PaxRecords): Uint8Array {
  return concatBytes([...records].map(([key, value]) => record(key, value)));
}

function record(key: string, value: Uint8Array): Uint8Array {
  const others = utf8(` ${key}=`).length + value.length + 1;
  // The length counts its own digits.
  let length = others;
  while (length !== others + String(length).length) length = others + String(length).length;
  return concatBytes([utf8(`${length} ${key}=`), value, Uint8Array.of(NEWLINE)]);
}

/** @returns undefined if it is damaged. The values are views */
export function readPax(bytes: Uint8Array): PaxRecords | undefined {
  const records = new Map<string, Uint8Array>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    if (space === -1 || space - at > LENGTH_DIGITS) return undefined;
    const digits = textOf(bytes.subarray(at, space));
    const end = at + Number(digits);
    const equals = bytes.indexOf(EQUALS, space);
    if (!/^[1-9]\d*$/.test(digits) || end > bytes.length || bytes[end - 1] !== NEWLINE) return undefined;
    if (equals === -1 || equals >= end) return undefined;
    records.set(textOf(bytes.subarray(space + 1, equals)), bytes.subarray(equals + 1, end - 1));
    at = end;
  }
  return records;
}

/** Beyond it a time is this one: June 2255, the last that a double counts in microseconds. */
const LAST_TIME = Number.MAX_SAFE_INTEGER;

/** @param microseconds since 1970 @returns seconds, with as many decimals as it takes */
export function writeTime(microseconds: number): Uint8Array {
  const amount = Math.abs(microseconds);
  const whole = Math.floor(amount / 1e6);
  const decimals = String(amount - whole * 1e6)
    .padStart(6, '0')
    .replace(/0+$/, '');
  return utf8(`${microseconds < 0 ? '-' : ''}${whole}${decimals === '' ? '' : `.${decimals}`}`);
}

/** @returns microseconds since 1970, rounded; undefined if it is no time */
export function readTime(value: Uint8Array): number | undefined {
  const text = textOf(value);
  // As Python writes very small ones.
  if (/^-?\d(?:\.\d{1,30})?e[+-]?\d{1,2}$/.test(text)) return inRange(Math.round(Number(text) * 1e6));
  const match = /^(-?)(\d{1,30})(?:\.(\d{0,30}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, whole = '', decimals = ''] = match;
  const micros = Number(decimals.slice(0, 6).padEnd(6, '0')) + (Number(decimals[6] ?? 0) >= 5 ? 1 : 0);
  return inRange((Number(whole) * 1e6 + micros) * (sign === '-' ? -1 : 1));
}

function inRange(microseconds: number): number {
  // Adding 0 takes the sign from it.
  return Math.max(-LAST_TIME, Math.min(microseconds, LAST_TIME)) + 0;
}

/** @returns undefined if it is no count of bytes, or too large for one */
export function readSize(value: Uint8Array): number | undefined {
  const text = textOf(value);
  if (!/^\d{1,16}$/.test(text)) return undefined;
  const size = Number(text);
  return Number.isSafeInteger(size) ? size : undefined;
}

function textOf(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1');
}
