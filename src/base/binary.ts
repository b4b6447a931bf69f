/**
 * Reading and writing of binary records: little-endian, fixed widths.
 *
 * The reader never reads past its end and never allocates from a length it has not checked, because the bytes may come
 * from an enemy; every violation is an `integrity` error that names the record.
 */

import { plainBytes } from './bytes.ts';
import { StrataError } from './error.ts';

const FIRST_CAPACITY = 256;

export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const at = this.#reserve(1, value, 0, 0xff);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2, value, 0, 0xffff);
    this.#view.setUint16(at, value, true);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4, value, 0, 0xffff_ffff);
    this.#view.setUint32(at, value, true);
    return this;
  }

  /** A non-negative safe integer in 8 bytes. */
  u64(value: number): this {
    const at = this.#reserve(8, value, 0, Number.MAX_SAFE_INTEGER);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    return this;
  }

  /** A safe integer of either sign in 8 bytes, two's complement. */
  i64(value: number): this {
    const at = this.#reserve(8, value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    this.#view.setUint32(at, value >>> 0, true);
    this.#view.setInt32(at + 4, Math.floor(value / 0x1_0000_0000), true);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
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

  /** A number that its field cannot hold would wrap, and be read back as another one. */
  #reserve(count: number, value: number, least: number, most: number): number {
    if (!Number.isInteger(value) || value < least || value > most)
      throw new StrataError('internal', `${value} does not fit into ${count} bytes of a record`);
    return this.#grow(count);
  }

  #grow(count: number): number {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    return at;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #what: string;
  #at = 0;

  /** @param what names the record in errors, as in `tree node is damaged: …` */
  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = plainBytes(bytes);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  u64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at, true) + this.#view.getUint32(at + 4, true) * 0x1_0000_0000;
    if (!Number.isSafeInteger(value)) this.fail('a number is out of range');
    return value;
  }

  i64(): number {
    const at = this.#take(8);
    const value = this.#view.getUint32(at, true) + this.#view.getInt32(at + 4, true) * 0x1_0000_0000;
    if (!Number.isSafeInteger(value)) this.fail('a number is out of range');
    return value;
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
    throw new StrataError('integrity', `${this.#what} is damaged: ${reason}`);
  }

  #take(count: number): number {
    const at = this.#at;
    if (count > this.#bytes.length - at) this.fail('it ends too early');
    this.#at = at + count;
    return at;
  }
}
