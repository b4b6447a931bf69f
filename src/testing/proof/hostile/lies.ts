/** Lies in a record: its fields changed, moved, doubled, left out; its end cut off or grown. */

import { concatBytes, utf8 } from '../../../base/index.ts';
import type { Chance } from '../chance.ts';
import { numberBytes, piecesOf } from './layout.ts';
import type { Layout, Piece } from './layout.ts';

const NUMBERS = [
  0, 1, 2, 3, 15, 16, 17, 127, 128, 255, 256, 511, 1023, 1024, 1025, 4095, 0o7777, 65_535, 65_536,
];
const LARGE = [
  2 ** 24,
  2 ** 24 + 1,
  2 ** 26,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 40,
  2 ** 53 - 1,
  2 ** 53,
];
const TEXTS = [
  '',
  '.',
  '..',
  '/',
  'a/b',
  '../escape',
  '/etc/passwd',
  'a\0b',
  '\u001B[2J',
  'x'.repeat(255),
  'x'.repeat(256),
  'y'.repeat(5000),
  '__proto__',
  'constructor',
  '\u202Ename',
];

const WIDTHS = { u8: 1, u16: 2, u32: 4, u64: 8 } as const;

/** @returns the record with one to three lies in it */
export function lie(layout: Layout, bytes: Uint8Array, chance: Chance): Uint8Array {
  const pieces = [...piecesOf(layout, bytes)];
  for (let left = 1 + chance.below(3); left > 0; left--) lieOnce(pieces, chance);
  const told = concatBytes(pieces.map((piece) => piece.bytes));
  if (chance.once(12)) return told.slice(0, chance.below(told.length + 1));
  if (chance.once(12)) return concatBytes([told, randomBytes(chance, 1 + chance.below(40))]);
  return told;
}

function lieOnce(pieces: Piece[], chance: Chance): void {
  if (pieces.length === 0) return;
  const at = chance.below(pieces.length);
  const piece = pieces[at]!;
  switch (chance.below(8)) {
    case 0:
      pieces.splice(at, 1);
      return;
    case 1:
      pieces.splice(at, 0, piece);
      return;
    case 2: {
      // One of its own kind: the record keeps its form.
      const others = pieces.flatMap((other, where) => (other.field === piece.field ? [where] : []));
      const where = chance.pick(others);
      [pieces[at], pieces[where]] = [pieces[where]!, piece];
      return;
    }
    case 3: {
      // A run of fields, as an entry or an extent is one.
      const count = 1 + chance.below(Math.min(8, pieces.length - at));
      const run = pieces.slice(at, at + count);
      if (chance.once(2)) pieces.splice(at, count);
      else pieces.splice(chance.below(pieces.length), 0, ...run);
      return;
    }
    default:
      pieces[at] = { field: piece.field, bytes: changed(piece, chance) };
  }
}

function changed({ field, bytes }: Piece, chance: Chance): Uint8Array {
  if (field === 'text') {
    const text = chance.once(8) ? randomBytes(chance, chance.below(300)) : utf8(chance.pick(TEXTS));
    // Now and then one that does not have the length that it says.
    const length = chance.once(6) ? chance.below(65_536) : text.length;
    return concatBytes([numberBytes(length, 2), text]);
  }
  if (field === 'id' || field === 'hash' || field === 'bytes') {
    if (chance.once(3)) return new Uint8Array(bytes.length);
    if (bytes.length === 0) return bytes;
    return bytes.with(chance.below(bytes.length), chance.below(256));
  }
  const width = WIDTHS[field];
  if (chance.once(4)) return numberBytes(valueOf(bytes) + chance.pick([-2, -1, 1, 2]), width);
  if (chance.once(8)) return new Uint8Array(width).fill(0xff);
  if (chance.once(8)) return randomBytes(chance, width);
  return numberBytes(chance.pick(chance.once(2) ? NUMBERS : LARGE), width);
}

function valueOf(bytes: Uint8Array): number {
  return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
}

export function randomBytes(chance: Chance, count: number): Uint8Array {
  return Uint8Array.from({ length: count }, () => chance.below(256));
}

/** Bytes of which nothing is known: bits flipped, ends cut off, parts moved. */
export function spoil(bytes: Uint8Array, chance: Chance): Uint8Array {
  const copy = bytes.slice();
  if (copy.length === 0) return randomBytes(chance, 1 + chance.below(200));
  switch (chance.below(6)) {
    case 0:
      return copy.slice(0, chance.below(copy.length));
    case 1:
      return concatBytes([copy, randomBytes(chance, 1 + chance.below(64))]);
    case 2: {
      const at = chance.below(copy.length);
      return concatBytes([copy.slice(0, at), copy.slice(at + 1 + chance.below(40))]);
    }
    case 3: {
      const length = 1 + chance.below(Math.min(64, copy.length));
      copy.copyWithin(chance.below(copy.length), chance.below(copy.length), length);
      return copy;
    }
    default:
      for (let left = 1 + chance.below(4); left > 0; left--)
        // Headers and ends hold what the rest is read by.
        copy[place(copy.length, chance)]! ^= 1 << chance.below(8);
      return copy;
  }
}

function place(length: number, chance: Chance): number {
  if (chance.once(3)) return chance.below(Math.min(length, 160));
  if (chance.once(3)) return length - 1 - chance.below(Math.min(length, 64));
  return chance.below(length);
}
