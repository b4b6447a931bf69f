/** The bandwidth that stores may use: each byte that goes or comes waits for its turn. */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Cancellable } from '../base/index.ts';

/** Bytes a second; absent is without limit. */
export interface Bandwidth {
  readonly up?: number | undefined;
  readonly down?: number | undefined;
}

export interface PaceOptions extends Cancellable {
  /** Called now and then while bytes wait: it is not the service that is silent. */
  readonly moved?: () => void;
}

/** Returns when the bytes may go on their way. */
export type Pace = (bytes: number, options?: PaceOptions) => Promise<void> | void;

export interface Line {
  readonly up: Pace;
  readonly down: Pace;
}

/** Milliseconds of silence that may be made up for at once. */
const BURST = 100;
/** Milliseconds between two signs of life. */
const LONGEST_WAIT = 1000;

/** One line for all that goes over it: give the same one to each store that shares it. */
export function openLine({ up, down }: Bandwidth = {}): Line {
  return { up: paceOf(up), down: paceOf(down) };
}

function paceOf(rate: number | undefined): Pace {
  if (rate === undefined) return () => {};
  /** When all bytes that were let go are over, at this rate; of `performance.now()`. */
  let free = 0;
  return async (bytes, { signal, moved } = {}) => {
    const turn = Math.max(free, performance.now() - BURST) + (bytes / rate) * 1000;
    free = turn;
    for (;;) {
      const wait = turn - performance.now();
      if (wait <= 0) return;
      await sleep(Math.min(wait, LONGEST_WAIT), undefined, { signal });
      moved?.();
    }
  };
}
