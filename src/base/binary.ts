/**
 * Reading and writing of binary records: little-endian, fixed widths.
 *
 * The reader never reads past its end and never allocates from a length it has not checked, because the bytes may come
 * from an enemy; every violation is an `integrity` error that names the record.
 */

import { copyBytes, plainBytes } from './bytes.ts';
import { StrataError } from './error.ts';

const FIRST_CAPACITY = 256;

export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  // Bytes are put one by one: a DataView costs more than it saves, most of all before V8 has compiled what uses it.

  u8(value: number): this {
    if ((value & 0xff) !== value) misfit(value, 1);
    const at = this.#grow(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    if ((value & 0xffff) !== value) misfit(value, 2);
    const at = this.#grow(2);
    this.#bytes[at] = value;
    this.#bytes[at + 1] = value >>> 8;
    return this;
  }

  u32(value: number): this {
    if (value >>> 0 !== value) misfit(value, 4);
    const at = this.#grow(4);
    putWord(this.#bytes, at, value);
    return this;
  }

  /** A non-negative safe integer in 8 bytes. */
  u64(value: number): this {
    if (value < 0) misfit(value, 8);
    return this.i64(value);
  }

  /** A safe integer of either sign in 8 bytes, two's complement. */
  i64(value: number): this {
    if (!Number.isSafeInteger(value)) misfit(value, 8);
    const at = this.#grow(8);
    putWord(this.#bytes, at, value);
    putWord(this.#bytes, at + 4, Math.floor(value / 0x1_0000_0000));
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    copyBytes(value, 0, value.length, this.#bytes, at);
    return this;
  }

  /** A u16 length, then the bytes. */
  short(value: Uint8Array): this {
    return this.u16(value.length).bytes(value);
  }

  /** The bytes written so far: a copy of exactly that length. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  /** The bytes written so far: a view, good until more is written. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Begins again in the same memory. */
  clear(): this {
    this.#length = 0;
    return this;
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return at;
  }
}

/** A number that its field cannot hold would wrap, and be read back as another one. */
function misfit(value: number, count: number): never {
  throw new StrataError('internal', `${value} does not fit into ${count} bytes of a record`);
}

/** The low 32 bits of any safe integer, little-endian. */
export function putWord(bytes: Uint8Array, at: number, value: number): void {
  const word = value | 0;
  bytes[at] = word;
  bytes[at + 1] = word >>> 8;
  bytes[at + 2] = word >>> 16;
  bytes[at + 3] = word >>> 24;
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #what: string | (() => string);
  #at = 0;

  /** @param what names the record in errors, as in `tree node is damaged: …`; a function is asked only if there is one */
  constructor(bytes: Uint8Array, what: string | (() => string)) {
    this.#bytes = plainBytes(bytes);
    this.#what = what;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    const at = this.#take(2);
    return this.#bytes[at]! | (this.#bytes[at + 1]! << 8);
  }

  u32(): number {
    return this.#word(this.#take(4)) >>> 0;
  }

  u64(): number {
    const at = this.#take(8);
    return this.#safe((this.#word(at) >>> 0) + (this.#word(at + 4) >>> 0) * 0x1_0000_0000);
  }

  i64(): number {
    const at = this.#take(8);
    return this.#safe((this.#word(at) >>> 0) + this.#word(at + 4) * 0x1_0000_0000);
  }

  /** A view of the next `count` bytes, not a copy; `slice` copies them. */
  bytes(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  short(): Uint8Array {
    return this.bytes(this.u16());
  }

  /** A view of what was read since `remaining` was that much. */
  since(remaining: number): Uint8Array {
    return this.#bytes.subarray(this.#bytes.length - remaining, this.#at);
  }

  /**
   * A count of items that follow, each at least `itemBytes` long: refused when they cannot fit in what is left, so that
   * a forged count never sizes an allocation.
   */
  count(itemBytes: number): number {
    const count = this.u32();
    if (count * itemBytes > this.remaining) this.fail('a count exceeds the record');
    return count;
  }

  /** Call when everything was read: bytes left over are damage too. */
  end(): void {
    if (this.remaining !== 0) this.fail(`${this.remaining} bytes are left over`);
  }

  fail(reason: string): never {
    const what = typeof this.#what === 'string' ? this.#what : this.#what();
    throw new StrataError('integrity', `${what} is damaged: ${reason}`);
  }

  /** 32 bits as a signed number. */
  #word(at: number): number {
    const bytes = this.#bytes;
    return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
  }

  #safe(value: number): number {
    if (!Number.isSafeInteger(value)) this.fail('a number is out of range');
    return value;
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) this.fail('it ends too early');
    this.#at = at + count;
    return at;
  }
}
