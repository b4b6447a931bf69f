/**
 * What a command reads is what we are given on stdin, unless that is a terminal: a command in the background that touched one would be stopped,
 * and one that does not read has nobody waiting for it to end.
 */

import { systemError } from '../base/index.ts';
import type { InputStream } from './world.ts';

export interface PassedInput extends Disposable {
  /** Undefined: nothing, which ends at once. */
  readonly parts: AsyncIterable<Uint8Array> | undefined;
}

/**
 * Disposed of, it has ended, whoever waits for more of it.
 *
 * @param signal ends it too
 */
export function passedInput(stdin: InputStream, signal: AbortSignal): PassedInput {
  if (stdin.isTTY === true) return { parts: undefined, [Symbol.dispose]: () => undefined };
  let isOver = false;
  const end = () => {
    isOver = true;
    stdin.destroy();
  };
  signal.addEventListener('abort', end, { once: true });
  // Whoever reads it is told; before that nobody listens.
  stdin.on('error', () => undefined);
  return {
    parts: partsOf(stdin, () => isOver),
    [Symbol.dispose]() {
      signal.removeEventListener('abort', end);
      end();
    },
  };
}

async function* partsOf(stdin: InputStream, isOver: () => boolean): AsyncGenerator<Uint8Array, void> {
  if (isOver()) return;
  try {
    yield* stdin as AsyncIterable<Uint8Array>;
  } catch (error) {
    // What is destroyed while somebody waits for it says that it has ended too soon.
    if (!isOver()) throw systemError(error, 'read stdin');
  }
}
