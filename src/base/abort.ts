/** Cancellation: a signal is checked between steps, and ends an operation with `cancelled`. */

import { setImmediate } from 'node:timers/promises';

import { StrataError } from './error.ts';

/** What a call that can be cancelled takes as its last argument. */
export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled(signal);
}

/** What an operation ends with whose signal has aborted. */
export function cancelled(signal: AbortSignal): StrataError {
  return new StrataError('cancelled', 'cancelled', {
    hint: 'Nothing was half done; run the command again when you like.',
    cause: signal.reason,
  });
}

/**
 * Lets signal handlers and timers run, then looks at the signal. Trap: a loop whose awaits are all settled already never lets them,
 * and Ctrl-C would do nothing until it ends.
 *
 * @throws cancelled
 */
export async function giveWay(signal?: AbortSignal | undefined): Promise<void> {
  await setImmediate();
  throwIfAborted(signal);
}
