/** Bytes and the branded types that keep different kinds of them apart. */

declare const brand: unique symbol;

/** `T` that only its makers can produce; everyone else needs a cast that a reader can see. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A SHA-256: 32 bytes. */
export type Sha256 = Branded<Uint8Array, 'sha256'>;

export const SHA256_BYTES = 32;

/** Up to here a loop is faster than a call into V8 and the objects that it wants. */
const FEW_BYTES = 64;

const UTF8 = new TextEncoder();

export const EMPTY: Uint8Array = new Uint8Array(0);

/** -1, 0 or 1, comparing as unsigned bytes: the order of names in trees. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return Math.sign(a.length - b.length);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length > FEW_BYTES) return asBuffer(a).equals(b);
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Copies `from.subarray(start, end)` to `at`, without making that view. */
export function copyBytes(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > FEW_BYTES) to.set(from.subarray(start, end), at);
  else for (let i = start, j = at; i < end; i++, j++) to[j] = from[i]!;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  // Zeros that are written over at once cost as much as what is written over them.
  const whole =
    length > Buffer.poolSize ? plainBytes(Buffer.allocUnsafeSlow(length)) : new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex');
}

/** @returns undefined if `text` is not exactly `length` bytes in lower-case hex */
export function fromHex(text: string, length: number): Uint8Array | undefined {
  if (text.length !== length * 2 || !/^[0-9a-f]*$/.test(text)) return undefined;
  return Uint8Array.from(Buffer.from(text, 'hex'));
}

export function utf8(text: string): Uint8Array {
  return UTF8.encode(text);
}

/** A Buffer over the same memory: no copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The same memory as no Buffer. Trap: `slice` of a Buffer is a view, of a Uint8Array a copy; so what is sliced out of a Buffer to be
 * kept would keep all of it alive, and change with it.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.isBuffer(bytes) ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : bytes;
}

/**
 * Gives memory back now, when the caller knows that nobody will look at it again. Trap: a Buffer of 1 MiB is 100 bytes to the garbage
 * collector, which lets a few hundred of them pile up before it thinks of running.
 *
 * @param bytes what they are a part of goes with them; nothing happens to parts of what is shared
 */
export function release(bytes: Uint8Array): void {
  const { buffer } = bytes;
  // What is smaller may be a slice of Node's pool, that others have slices of.
  if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize && !buffer.detached)
    buffer.transfer(0);
}
