/** Files of the home by which two processes hand each other what a command reads and prints, as it comes. */

import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

export type StreamName = 'stdout' | 'stderr';

/** `u8 stream, u32 length, bytes`, little-endian. */
const HEADER_BYTES = 5;
const STREAMS: readonly StreamName[] = ['stdout', 'stderr'];

export class FrameWriter implements Disposable {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(bytes: Uint8Array, stream: StreamName): void {
    const frame = Buffer.alloc(HEADER_BYTES + bytes.length);
    frame.writeUInt8(STREAMS.indexOf(stream), 0);
    frame.writeUInt32LE(bytes.length, 1);
    frame.set(bytes, HEADER_BYTES);
    writeFileSync(this.#file, frame);
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }
}

/** Gives out the whole frames behind `at`. @returns where the next one begins */
export async function readFrames(
  path: string,
  at: number,
  onFrame: ((bytes: Uint8Array, stream: StreamName) => void | Promise<void>) | undefined,
): Promise<number> {
  const file = openSync(path, 'r');
  try {
    const header = Buffer.alloc(HEADER_BYTES);
    for (let next = at; ;) {
      if (readSync(file, header, 0, HEADER_BYTES, next) < HEADER_BYTES) return next;
      const bytes = Buffer.alloc(header.readUInt32LE(1));
      if (readFully(file, bytes, next + HEADER_BYTES) < bytes.length) return next;
      next += HEADER_BYTES + bytes.length;
      await onFrame?.(bytes, STREAMS[header.readUInt8(0)] ?? 'stderr');
    }
  } finally {
    closeSync(file);
  }
}

function readFully(file: number, into: Uint8Array, position: number): number {
  let count = 0;
  while (count < into.length) {
    const read = readSync(file, into, count, into.length - count, position + count);
    if (read === 0) break;
    count += read;
  }
  return count;
}
