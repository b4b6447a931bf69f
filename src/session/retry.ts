/** When the next try to reach a store is due: later each time, and never so late that nobody waits for it any more. */

import type { SessionTable } from '../db/index.ts';

/** Milliseconds. */
const FIRST_MS = 5_000;
const LONGEST_MS = 10 * 60_000;

export function nextTry(
  { tries }: Pick<SessionTable, 'tries'>,
  now: number,
): Pick<SessionTable, 'tries' | 'retry_at'> {
  return { tries: tries + 1, retry_at: now + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries, 20)) };
}
