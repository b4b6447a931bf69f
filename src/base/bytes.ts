/** Bytes and the branded types that keep different kinds of them apart. */

declare const brand: unique symbol;

/** `T` that only its makers can produce; everyone else needs a cast that a reader can see. */
export type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A SHA-256: 32 bytes. */
export type Sha256 = Branded<Uint8Array, 'sha256'>;

export const SHA256_BYTES = 32;

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
  return asBuffer(a).equals(b);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
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
  return new TextEncoder().encode(text);
}

/**
 * Gives memory back at once, and leaves an empty array. Only for what nobody else has a view of. Megabytes that wait for the garbage
 * collector are many by the time it comes, and each new one is a page fault for every 4 KiB.
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
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
