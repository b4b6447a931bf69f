/** Paths in a tree: names from the root down. Names are bytes; text is only how they are shown. */

import { EMPTY, StrataError, asBuffer, utf8 } from '../base/index.ts';
import { MAX_DEPTH, nameFlaw } from './limits.ts';

/** The empty path is the root. */
export type Path = readonly Uint8Array[];

/** How a path stands in JSON: `pathB64` has its exact bytes where the printable form has not. */
export interface PathJson {
  readonly path: string;
  readonly pathB64?: string;
}

const SLASH = 0x2f;
const DOT = 0x2e;
const BACKSLASH = 0x5c;

/** What a name must not do to a terminal or a line of output: control it, end it, or turn its direction. */
const UNPRINTABLE = /[\\\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

const PLAIN_ASCII = /^[ -[\]-~]*$/;

/** Trap: without `ignoreBOM` a decoder drops U+FEFF at the start, and two names print alike. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads `a/b/c`. A leading `./` and a trailing `/` are tolerated; empty text, `.` and `./` are the root. Text is read as `displayPath`
 * shows it, so that each name can be typed; bytes are what they are.
 *
 * @throws bad_input
 */
export function parsePath(path: string | Uint8Array): Path {
  const bytes = typeof path === 'string' ? displayedBytes(path) : path;
  const names: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const slash = bytes.indexOf(SLASH, at);
    const end = slash === -1 ? bytes.length : slash;
    const name = bytes.subarray(at, end);
    at = end + 1;
    if (names.length === 0 && name.length === 1 && name[0] === DOT) continue;
    const flaw = nameFlaw(name);
    if (flaw !== undefined) refuse(bytes, flaw);
    names.push(name);
  }
  if (names.length > MAX_DEPTH) refuse(bytes, `it has more than ${MAX_DEPTH} names`);
  return names;
}

/** What is shown as this text. A backslash that begins neither `\\` nor `\xNN` stands for itself. */
function displayedBytes(text: string): Uint8Array {
  // The pieces between the escapes have the even places.
  const pieces = text.split(/(\\\\|\\x[0-9a-fA-F]{2})/);
  if (pieces.length === 1) return utf8(text);
  return Buffer.concat(
    pieces.map((piece, at) => {
      if (at % 2 === 0) return utf8(piece);
      return Uint8Array.of(piece === '\\\\' ? BACKSLASH : Number.parseInt(piece.slice(2), 16));
    }),
  );
}

function refuse(bytes: Uint8Array, reason: string): never {
  throw new StrataError('bad_input', `${displayName(bytes)} is no path in a tree: ${reason}`, {
    hint: 'Give a path like src/index.ts: relative to the root of the tree, without .. and doubled slashes.',
  });
}

export function joinPath(path: Path, ...names: readonly Uint8Array[]): Path {
  return [...path, ...names];
}

/** The names with `/` between them; empty for the root. */
export function pathBytes(path: Path): Uint8Array {
  if (path.length === 0) return EMPTY;
  const bytes = new Uint8Array(path.reduce((sum, name) => sum + name.length + 1, -1)).fill(SLASH);
  let at = 0;
  for (const name of path) {
    bytes.set(name, at);
    at += name.length + 1;
  }
  return bytes;
}

/**
 * The path as text for people: `\xNN` stands for a byte that is not UTF-8 or not fit to print, `\\` for a backslash. Different
 * paths have different texts.
 */
export function displayPath(path: Path): string {
  return path.map(displayName).join('/');
}

/** The exact bytes of the path in base64. */
export function pathB64(path: Path): string {
  return asBuffer(pathBytes(path)).toString('base64');
}

export function pathJson(path: Path): PathJson {
  const text = displayPath(path);
  return asBuffer(pathBytes(path)).equals(utf8(text))
    ? { path: text }
    : { path: text, pathB64: pathB64(path) };
}

/** One name, or any other bytes, as `displayPath` shows them. */
export function displayName(name: Uint8Array): string {
  const ascii = asBuffer(name).toString('latin1');
  if (PLAIN_ASCII.test(ascii)) return ascii;
  let text = '';
  for (let at = 0; at < name.length;) {
    const character = characterAt(name, at);
    text += character === undefined ? escapeByte(name[at]!) : character.replace(UNPRINTABLE, escapeCharacter);
    at += character === undefined ? 1 : utf8(character).length;
  }
  return text;
}

/** @returns undefined if no UTF-8 starts there */
function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const lead = bytes[at]!;
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  try {
    return UTF8.decode(bytes.subarray(at, at + length));
  } catch {
    return undefined;
  }
}

function escapeCharacter(character: string): string {
  return character === '\\' ? '\\\\' : Array.from(utf8(character), escapeByte).join('');
}

function escapeByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}
