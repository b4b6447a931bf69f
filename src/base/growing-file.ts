/** A file to which another process still writes. */

import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import { throwIfAborted } from './abort.ts';
import type { Cancellable } from './abort.ts';

const READ_BYTES = 64 * 1024;

export interface GrowingOptions extends Cancellable {
  /** Whether more may come: then it waits for that. */
  readonly goesOn: () => boolean | Promise<boolean>;
  /** Milliseconds between two looks. */
  readonly every: number;
}

/** Its bytes from the start, until no more can come. @throws the system's error; cancelled */
export async function* readGrowing(
  path: string,
  { goesOn, every, signal }: GrowingOptions,
): AsyncGenerator<Uint8Array, void> {
  const file = openSync(path, 'r');
  try {
    const buffer = new Uint8Array(READ_BYTES);
    for (let at = 0, more = true; ;) {
      throwIfAborted(signal);
      const count = readSync(file, buffer, 0, READ_BYTES, at);
      at += count;
      if (count > 0) yield buffer.slice(0, count);
      else if (!more) return;
      else {
        // Asked before the last look at the file, so that nothing that was written before it ended is missed.
        more = await goesOn();
        if (more) await setTimeout(every, undefined, signal && { signal });
      }
    }
  } finally {
    closeSync(file);
  }
}
