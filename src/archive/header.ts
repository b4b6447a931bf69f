/** The header block of a member: fields at fixed places, numbers as octal text, and a sum over all of it (POSIX.1-2017, ustar). */

import { asBuffer, copyBytes, utf8 } from '../base/index.ts';
import { BLOCK } from './block.ts';

type Field = readonly [at: number, length: number];

const NAME: Field = [0, 100];
const MODE: Field = [100, 8];
const UID: Field = [108, 8];
const GID: Field = [116, 8];
const SIZE: Field = [124, 12];
const MTIME: Field = [136, 12];
const SUM: Field = [148, 8];
const TYPE = 156;
const LINK: Field = [157, 100];
const MAGIC: Field = [257, 8];
const PREFIX: Field = [345, 155];

/** Bytes that fit into the field of a name, and of a link's target. */
export const NAME_BYTES = NAME[1];
export const PREFIX_BYTES = PREFIX[1];

/** The largest numbers that fit into the fields. */
export const MAX_SIZE = 0o77777777777;
export const MAX_SECONDS = 0o77777777777;

const USTAR = Uint8Array.of(0x75, 0x73, 0x74, 0x61, 0x72, 0);
const SPACE = 0x20;
const SLASH = 0x2f;

/** Older than POSIX, by the author of star: a shorter prefix, and two times behind it. */
const STAR: Field = [508, 4];
const STAR_PREFIX: Field = [345, 131];

export interface Header {
  /** As it stands there, the prefix included. */
  readonly name: Uint8Array;
  /** With the bits for setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes that follow. */
  readonly size: number;
  /** Seconds since 1970. */
  readonly seconds: number;
  /** One character. */
  readonly type: string;
  /** What a link points to. */
  readonly link: Uint8Array;
}

/** @returns undefined if it is no header, or its sum is wrong */
export function readHeader(block: Uint8Array): Header | undefined {
  const sum = readNumber(bytesOf(block, SUM));
  if (sum === undefined || !sumsOf(block).includes(sum)) return undefined;
  const size = readNumber(bytesOf(block, SIZE));
  const mode = readNumber(bytesOf(block, MODE));
  const seconds = readNumber(bytesOf(block, MTIME));
  if (size === undefined || size < 0 || mode === undefined || mode < 0 || seconds === undefined)
    return undefined;
  const type = String.fromCharCode(block[TYPE]!);
  const link = textOf(block, LINK);
  return { name: nameOf(block), mode: mode & 0o7777, size, seconds, type: type === '\0' ? '0' : type, link };
}

/** @param header numbers that fit; a name and a link of at most `NAME_BYTES`. @param prefix comes before the name, with a `/` */
export function writeHeader(header: Header, prefix?: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK);
  put(block, NAME, header.name);
  putNumber(block, MODE, header.mode);
  putNumber(block, UID, 0);
  putNumber(block, GID, 0);
  putNumber(block, SIZE, header.size);
  putNumber(block, MTIME, header.seconds);
  block[TYPE] = header.type.charCodeAt(0);
  put(block, LINK, header.link);
  put(block, MAGIC, utf8('ustar\x0000'));
  if (prefix !== undefined) put(block, PREFIX, prefix);
  const [sum] = sumsOf(block);
  // The one field that has always been written in this odd way.
  put(block, SUM, utf8(`${sum.toString(8).padStart(6, '0')}\0 `));
  return block;
}

function nameOf(block: Uint8Array): Uint8Array {
  const name = textOf(block, NAME);
  // What GNU tar writes has other things in the place of the prefix.
  if (!USTAR.every((byte, at) => block[MAGIC[0] + at] === byte)) return name;
  const isStar = asBuffer(bytesOf(block, STAR)).toString('latin1') === 'tar\0';
  const prefix = textOf(block, isStar ? STAR_PREFIX : PREFIX);
  return prefix.length === 0 ? name : Buffer.concat([prefix, Uint8Array.of(SLASH), name]);
}

/** Once with unsigned bytes, as it should be, and once with signed ones, as some have done it. */
function sumsOf(block: Uint8Array): readonly [unsigned: number, signed: number] {
  let unsigned = 0;
  let signed = 0;
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= SUM[0] && at < SUM[0] + SUM[1] ? SPACE : block[at]!;
    unsigned += byte;
    signed += byte > 0x7f ? byte - 0x100 : byte;
  }
  return [unsigned, signed];
}

/** Octal text, or, where that has no room, a binary number with the first bit set. @returns undefined if it is neither, or too large */
function readNumber(field: Uint8Array): number | undefined {
  if ((field[0]! & 0x80) !== 0) return readBinary(field);
  const text = asBuffer(field).toString('latin1').replace(/^ +/, '');
  const digits = /^([0-7]*)(?:[ \0].*)?$/s.exec(text)?.[1];
  if (digits === undefined) return undefined;
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}

function readBinary(field: Uint8Array): number | undefined {
  let value = BigInt(field[0]! & 0x7f);
  for (const byte of field.subarray(1)) value = value * 256n + BigInt(byte);
  const number = Number(BigInt.asIntN(field.length * 8 - 1, value));
  return Number.isSafeInteger(number) ? number : undefined;
}

function bytesOf(block: Uint8Array, [at, length]: Field): Uint8Array {
  return block.subarray(at, at + length);
}

/** Up to its NUL. A copy. */
function textOf(block: Uint8Array, [at, length]: Field): Uint8Array {
  const end = block.indexOf(0, at);
  return block.slice(at, end === -1 ? at + length : Math.min(end, at + length));
}

function put(block: Uint8Array, [at]: Field, bytes: Uint8Array): void {
  copyBytes(bytes, 0, bytes.length, block, at);
}

function putNumber(block: Uint8Array, field: Field, value: number): void {
  put(block, field, utf8(value.toString(8).padStart(field[1] - 1, '0')));
}
