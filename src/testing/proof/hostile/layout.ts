/** Where the fields of a true record are, so that a lie can be put into each of them. docs/design.md 3. */

import { putWord } from '../../../base/index.ts';

export type Field = 'u8' | 'u16' | 'u32' | 'u64' | 'id' | 'hash' | 'text' | 'bytes';

export interface Piece {
  readonly field: Field;
  readonly bytes: Uint8Array;
}

/** Goes over a record that is true. */
export class Pieces {
  readonly all: Piece[] = [];
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isOver(): boolean {
    return this.#at >= this.#bytes.length;
  }

  u8 = (): number => this.#number('u8', 1);
  u16 = (): number => this.#number('u16', 2);
  u32 = (): number => this.#number('u32', 4);
  u64 = (): number => this.#number('u64', 8);

  id(): void {
    this.#take('id', 16);
  }

  hash(): void {
    this.#take('hash', 32);
  }

  bytes(count: number): void {
    this.#take('bytes', count);
  }

  /** A u16 length, then so many bytes. */
  text(): void {
    this.#take('text', 2 + (this.#bytes[this.#at]! | (this.#bytes[this.#at + 1]! << 8)));
  }

  #number(field: Field, width: number): number {
    const bytes = this.#take(field, width);
    return bytes.reduceRight((sum, byte) => sum * 256 + byte, 0);
  }

  #take(field: Field, count: number): Uint8Array {
    const bytes = this.#bytes.slice(this.#at, this.#at + count);
    if (bytes.length !== count) throw new Error('a layout does not fit its record');
    this.all.push({ field, bytes });
    this.#at += count;
    return bytes;
  }
}

export type Layout = (pieces: Pieces) => void;

const times = (count: number, each: () => void) => {
  for (let left = count; left > 0; left--) each();
};

const tree: Layout = (p) => {
  p.hash();
  p.hash();
  times(4, p.u64);
};

const root: Layout = (p) => {
  p.u16();
  p.u64();
  tree(p);
};

const table: Layout = (p) => {
  p.u8();
  p.id();
  times(p.u32(), () => {
    times(3, p.u32);
    times(p.u32(), () => {
      p.hash();
      p.u32();
    });
  });
};

const extent = (p: Pieces) => () => {
  p.hash();
  p.u64();
};

const entry = (p: Pieces) => () => {
  const kind = p.u8();
  p.u16();
  p.text();
  p.u64();
  if (kind === 1) {
    p.u64();
    if (p.u8() === 1) p.hash();
    else times(p.u32(), extent(p));
  }
  if (kind === 2) tree(p);
  if (kind === 3) p.text();
};

/** Layouts of what is sealed in the objects of a store, and of what lies beside it. */
export const LAYOUTS = {
  head: (p) => {
    p.u8();
    p.id();
    p.u64();
    p.u64();
    p.text();
    p.u8();
    p.id();
    p.u32();
    p.u64();
    root(p);
    p.u64();
    p.u64();
    p.text();
    if (p.u8() === 0) return;
    p.id();
    p.u32();
  },
  owner: (p) => {
    p.u8();
    p.u64();
    p.id();
    p.u64();
  },
  keys: (p) => {
    p.u8();
    p.id();
    p.u64();
    p.text();
    p.hash();
    times(p.u16(), () => {
      p.u32();
      p.hash();
      p.u64();
    });
  },
  table,
  tables: (p) => times(p.u32(), () => table(p)),
  segmentTrailer: (p) => {
    times(2, p.u32);
    times(p.u32(), () => p.id());
  },
  node: (p) => {
    p.u8();
    const kind = p.u8();
    if (kind === 2 || kind === 4) p.u8();
    const count = p.u32();
    if (kind === 1) times(count, entry(p));
    else if (kind === 3) times(count, extent(p));
    else
      times(count, () => {
        if (kind === 4) return extent(p)();
        p.text();
        tree(p);
      });
  },
  /** Records of what a directory looked like. */
  memory: (p) => {
    while (!p.isOver) {
      const kind = p.u8();
      if (kind === 4) {
        tree(p);
        continue;
      }
      p.text();
      p.u16();
      p.u64();
      if (kind === 3) continue;
      times(4, p.u64);
      const length = p.u32();
      if (kind === 1) times(length / 40, extent(p));
      else p.bytes(length);
    }
  },
} as const satisfies Readonly<Record<string, Layout>>;

export function piecesOf(layout: Layout, bytes: Uint8Array): readonly Piece[] {
  const pieces = new Pieces(bytes);
  layout(pieces);
  if (!pieces.isOver) throw new Error('a layout ends before its record');
  return pieces.all;
}

/** A number in so many bytes; more than fits is cut off. */
export function numberBytes(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(8);
  putWord(bytes, 0, value);
  putWord(bytes, 4, Math.floor(value / 0x1_0000_0000));
  return bytes.slice(0, width);
}
