/**
 * The header of a member as we write it: ustar, and an extended header for what has no room there. Each reader that knows pax gets it
 * back exactly; so do names that are no UTF-8, which pax cannot say, and which GNU tar's own way of long names can.
 */

import { isAscii, isUtf8 } from 'node:buffer';

import { EMPTY, concatBytes, unreachable, utf8 } from '../base/index.ts';
import { pathBytes } from '../tree/index.ts';
import type { Entry, Path } from '../tree/index.ts';
import { paddingOf } from './block.ts';
import { MAX_SECONDS, MAX_SIZE, NAME_BYTES, PREFIX_BYTES, writeHeader } from './header.ts';
import { writePax, writeTime } from './pax.ts';

/** What is written of an entry; of a directory not what it holds. */
export type Written =
  | { readonly kind: 'file'; readonly mode: number; readonly mtime: number; readonly size: number }
  | { readonly kind: 'directory'; readonly mode: number; readonly mtime: number }
  | {
      readonly kind: 'symlink';
      readonly mode: number;
      readonly mtime: number;
      readonly target: Uint8Array;
    };

const TYPES = { file: '0', directory: '5', symlink: '2' } as const satisfies Record<Written['kind'], string>;

const SLASH = 0x2f;
const ROOT_NAME = utf8('./');
const NUL = Uint8Array.of(0);

/** The names under which readers that know no extended headers would unpack them: what GNU tar and others use. */
const PAX_NAME = utf8('././@PaxHeader');
const LONG_NAME = utf8('././@LongLink');

/** @returns undefined for what an archive has no word for */
export function writtenOf(entry: Entry): Written | undefined {
  switch (entry.kind) {
    case 'file':
    case 'directory':
    case 'symlink':
      return entry;
    case 'whiteout':
      return undefined;
    default:
      return unreachable(entry);
  }
}

/** @returns whole blocks; of a file its bytes follow */
export function memberHeader(path: Path, entry: Written): Uint8Array {
  const pax = new Map<string, Uint8Array>();
  const before: Uint8Array[] = [];
  const { name, prefix } = nameFields(nameOf(path, entry), pax, before);
  const link = linkField(entry.kind === 'symlink' ? entry.target : EMPTY, pax, before);
  let size = entry.kind === 'file' ? entry.size : 0;
  if (size > MAX_SIZE) {
    pax.set('size', utf8(String(size)));
    size = 0;
  }
  let seconds = Math.floor(entry.mtime / 1e6);
  const isOutside = seconds < 0 || seconds > MAX_SECONDS;
  if (isOutside || seconds * 1e6 !== entry.mtime) pax.set('mtime', writeTime(entry.mtime));
  if (isOutside) seconds = 0;
  if (pax.size > 0) before.push(note('x', PAX_NAME, writePax(pax)));
  const header = { name, mode: entry.mode, size, seconds, type: TYPES[entry.kind], link };
  return concatBytes([...before, writeHeader(header, prefix)]);
}

function nameOf(path: Path, { kind }: Written): Uint8Array {
  if (path.length === 0) return ROOT_NAME;
  const name = pathBytes(path);
  return kind === 'directory' ? concatBytes([name, Uint8Array.of(SLASH)]) : name;
}

function nameFields(whole: Uint8Array, pax: Map<string, Uint8Array>, before: Uint8Array[]) {
  const split = splitName(whole);
  // Bytes beyond ASCII are read in the charset of whoever reads them, unless pax says that they are UTF-8.
  if (split !== undefined && (isAscii(whole) || !isUtf8(whole))) return split;
  if (isUtf8(whole)) pax.set('path', whole);
  else before.push(note('L', LONG_NAME, concatBytes([whole, NUL])));
  return { name: whole.subarray(0, NAME_BYTES), prefix: undefined };
}

/** A long name as a prefix and the rest behind a slash. @returns undefined if it fits in no such way */
function splitName(
  whole: Uint8Array,
): { readonly name: Uint8Array; readonly prefix: Uint8Array | undefined } | undefined {
  if (whole.length <= NAME_BYTES) return { name: whole, prefix: undefined };
  const slash = whole.indexOf(SLASH, whole.length - NAME_BYTES - 1);
  if (slash === -1 || slash > PREFIX_BYTES || slash === whole.length - 1) return undefined;
  return { name: whole.subarray(slash + 1), prefix: whole.subarray(0, slash) };
}

function linkField(target: Uint8Array, pax: Map<string, Uint8Array>, before: Uint8Array[]): Uint8Array {
  if (target.length <= NAME_BYTES && (isAscii(target) || !isUtf8(target))) return target;
  if (isUtf8(target)) pax.set('linkpath', target);
  else before.push(note('K', LONG_NAME, concatBytes([target, NUL])));
  return target.subarray(0, NAME_BYTES);
}

/** An extended header with what it says. */
function note(type: string, name: Uint8Array, bytes: Uint8Array): Uint8Array {
  const header = writeHeader({ name, mode: 0o644, size: bytes.length, seconds: 0, type, link: EMPTY });
  return concatBytes([header, bytes, new Uint8Array(paddingOf(bytes.length))]);
}
