/** Requests to a service that may fall silent: each ends when its caller gives up, or when nothing has moved for too long. */

import { cancelled, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';

export interface WatchOptions extends Cancellable {
  /** Milliseconds without a byte in either direction. */
  readonly idle: number;
  /** Milliseconds in all. */
  readonly deadline: number;
}

/** What a watched request is given. */
export interface Watch {
  /** Aborts when the request is given up, for whichever reason. */
  readonly signal: AbortSignal;
  /** Bytes went or came. */
  readonly moved: () => void;
}

/** Nothing moved, or too little. It becomes an error with the store's name in it. */
export class Stalled extends Error {
  override readonly name = 'Stalled';
}

/**
 * Ends as soon as the request is given up, also if the client that makes it takes no notice of the signal.
 *
 * @throws cancelled, Stalled, what `request` throws
 */
export async function watched<Value>(
  { signal, idle, deadline }: WatchOptions,
  request: (watch: Watch) => Promise<Value>,
): Promise<Value> {
  throwIfAborted(signal);
  const controller = new AbortController();
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  const giveUp = (reason: Error) => {
    // First the reason: what the client makes of the signal would come before it otherwise.
    reject(reason);
    controller.abort(reason);
  };
  const seconds = (time: number) => `${Math.round(time / 100) / 10} s`;
  const timer = setTimeout(() => giveUp(new Stalled(`nothing has moved for ${seconds(idle)}`)), idle);
  const last = setTimeout(() => giveUp(new Stalled(`it took longer than ${seconds(deadline)}`)), deadline);
  const onAbort = () => giveUp(cancelled(signal!));
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    const made = request({ signal: controller.signal, moved: () => void timer.refresh() });
    return await Promise.race([givenUp, made]);
  } finally {
    clearTimeout(timer);
    clearTimeout(last);
    signal?.removeEventListener('abort', onAbort);
    // Nobody listens any more, so it is nobody's failure.
    givenUp.catch(() => {});
    controller.abort();
  }
}
