/** A clock that is not believed, as commands tell of it. */

import type { ClockDoubt } from '../workspace/index.ts';
import { counted, formatAhead, formatDate } from './format.ts';
import { isoTime } from './shapes.ts';

const DAY = 24 * 60 * 60 * 1000;

export const CLOCK_SHAPE =
  'clock: null, or {since, until, leapSeconds} while ages are not believed, as the clock has leapt by more than a day.';

export function clockJson(doubt: ClockDoubt | undefined): object | null {
  if (doubt === undefined) return null;
  const { since, until, leap } = doubt;
  return { since: isoTime(since), until: isoTime(until), leapSeconds: Math.round(leap / 1000) };
}

/** @param what is not done meanwhile, as in `nothing is forgotten` */
export function clockLines(doubt: ClockDoubt | undefined, what: string, now: number): string[] {
  if (doubt === undefined) return [];
  const { until, leap } = doubt;
  return [
    `${what} until ${formatDate(until)} (${formatAhead(until, now)}): ${leapText(leap)}`,
    'It was set, or the machine was off. If it is right, `store gc --accept-clock` says so, and nothing waits any more.',
  ];
}

/** @param leap milliseconds, more than a day */
export function leapText(leap: number): string {
  return `the clock is more than ${counted(Math.floor(leap / DAY), 'day')} ahead of what is known to have passed`;
}
