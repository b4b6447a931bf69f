/** Cancellation: a signal is checked between steps, and ends an operation with `cancelled`. */

import { StrataError } from './error.ts';

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new StrataError('cancelled', 'cancelled', {
    hint: 'Nothing was half done; run the command again when you like.',
    cause: signal.reason,
  });
}
