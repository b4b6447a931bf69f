/** Bodies in memory, for services that want to know how long an object is before they take it. */

import { concatBytes, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Body } from './store.ts';

/** Bytes. What is sent or given out between two looks at the time. */
const SLICE_BYTES = 256 * 1024;

/**
 * All of the body, read to its end. A list of one part is taken as it is; anything else is copied, since a part is gone when the next one
 * is asked for.
 */
export async function wholeBody(body: Body, { signal }: Cancellable): Promise<Sealed> {
  throwIfAborted(signal);
  if (Array.isArray(body)) {
    const parts: readonly Sealed[] = body;
    return parts.length === 1 ? parts[0]! : (concatBytes(parts) as Sealed);
  }
  const parts: Uint8Array[] = [];
  for await (const part of body) {
    throwIfAborted(signal);
    // Not `slice`: that of a Buffer is no copy.
    parts.push(Uint8Array.from(part));
  }
  throwIfAborted(signal);
  return (parts.length === 1 ? parts[0] : concatBytes(parts)) as Sealed;
}

/** Views of the bytes, in order. `asked` waits before each, and is told how many bytes it has. */
export async function* slices(
  bytes: Uint8Array,
  asked: (count: number) => Promise<void> | void,
): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const slice = bytes.subarray(at, at + SLICE_BYTES);
    await asked(slice.length);
    yield slice;
  }
}

/**
 * Exactly `length` bytes of what a service sends, in memory of the caller's own.
 *
 * @returns undefined if they are fewer or more; it reads no further than that takes
 */
export async function readBody(
  parts: AsyncIterable<Uint8Array>,
  length: number,
  got: (count: number) => Promise<void> | void,
): Promise<Sealed | undefined> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let at = 0;
  for await (const part of parts) {
    if (part.length > length - at) return undefined;
    bytes.set(part, at);
    at += part.length;
    await got(part.length);
  }
  return at === length ? (bytes as Uint8Array as Sealed) : undefined;
}
