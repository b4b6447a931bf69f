/** Bodies in memory, for services that want to know how long an object is before they take it. */

import { equalBytes, plainBytes, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Sealed } from '../chunk/index.ts';
import type { Body, WholeBody } from './store.ts';

/** Bytes. What is sent or given out between two looks at the time. */
const SLICE_BYTES = 256 * 1024;

/**
 * All parts of the body, read to its end. Those that stay where they are are given as they are; others are copied, since each is gone when
 * the next one is asked for.
 */
export async function gather(body: Body, { signal }: Cancellable): Promise<readonly Sealed[]> {
  throwIfAborted(signal);
  if (Array.isArray(body)) return body;
  if (isWhole(body)) {
    const whole = await body.whole();
    throwIfAborted(signal);
    return whole;
  }
  const parts: Sealed[] = [];
  for await (const part of body) {
    throwIfAborted(signal);
    // Not `slice`: that of a Buffer is no copy.
    parts.push(Uint8Array.from(part) as Sealed);
  }
  throwIfAborted(signal);
  return parts;
}

function isWhole(body: Body): body is WholeBody {
  return 'whole' in body;
}

export function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((length, part) => length + part.length, 0);
}

/** Views of all the bytes, in order. `asked` waits before each, and is told how many bytes it has. */
export async function* slices(
  parts: readonly Uint8Array[],
  asked: (count: number) => Promise<void> | void,
): AsyncIterable<Uint8Array> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += SLICE_BYTES) {
      const slice = part.subarray(at, at + SLICE_BYTES);
      await asked(slice.length);
      yield slice;
    }
  }
}

/** Whether the bytes are those of the parts. */
export function areBytesOf(bytes: Uint8Array, parts: readonly Uint8Array[]): boolean {
  let at = 0;
  for (const part of parts) {
    if (!equalBytes(bytes.subarray(at, at + part.length), part)) return false;
    at += part.length;
  }
  return at === bytes.length;
}

/**
 * Gives back the memory that something received is in, once its last byte was read: nobody else has it. Left to the collector, every 64 MB
 * of them start one of its rounds, an eighth of the time that a restore from a service takes.
 */
function freeAfter({ buffer, byteOffset, byteLength }: Uint8Array): void {
  if (byteOffset + byteLength < buffer.byteLength || !(buffer instanceof ArrayBuffer)) return;
  // What Node puts small buffers into, one beside the other.
  const isPool = process.getBuiltinModule('node:worker_threads').isMarkedAsUntransferable(buffer);
  if (!isPool) buffer.transfer(0);
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
    const count = part.length;
    if (count > length - at) return undefined;
    bytes.set(part, at);
    at += count;
    freeAfter(part);
    await got(count);
  }
  return at === length ? (plainBytes(bytes) as Sealed) : undefined;
}
