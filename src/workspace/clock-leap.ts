/** Whether a clock has leapt ahead, held against the clock of the boot: what docs/decisions/0024 says, as a function. Pure. */

import type { ClockTable } from '../db/index.ts';

const HOUR = 60 * 60 * 1000;
/** Milliseconds that a clock may be ahead of what it was expected to be. */
const MOST_AHEAD = 24 * HOUR;
/** Milliseconds, by the clock of the boot, until one that was further ahead is believed. */
const WAIT = HOUR;

export interface ClockReading {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds since the boot. */
  readonly uptime: number;
  readonly boot: string;
}

/** What is written down of it. */
export type ClockRecord = Omit<ClockTable, 'id'>;

/** Why ages are not believed. */
export interface ClockDoubt {
  /** When the leap was noticed. As the clock goes by now. */
  readonly since: number;
  /** When the clock is believed, if it goes on as it does now. */
  readonly until: number;
  /** Milliseconds that it is ahead of what it was expected to be: of what was last seen, and what has passed since for sure. */
  readonly leap: number;
}

export type ClockVerdict =
  | {
      readonly believed: true;
      /** What was judged: a later look at the clock was not. */
      readonly now: number;
      /** Whether there was anything to hold it against. */
      readonly wasKnown: boolean;
    }
  | ({ readonly believed: false } & ClockDoubt);

export function doubtOf(verdict: ClockVerdict): ClockDoubt | undefined {
  if (verdict.believed) return undefined;
  const { since, until, leap } = verdict;
  return { since, until, leap };
}

export interface Judgement {
  readonly verdict: ClockVerdict;
  /** To be written down. */
  readonly record: ClockRecord;
  /** It has leapt since it was last looked at. */
  readonly hasLeapt: boolean;
}

/** @param known undefined: nobody has looked yet */
export function judgeClock(known: ClockRecord | undefined, reading: ClockReading): Judgement {
  if (known === undefined) return believe(reading, false);
  const { now, uptime, boot } = reading;
  // What passed while another boot ended, and in containers that count for themselves, nobody knows: it is taken for nothing.
  const isSameBoot = boot === known.boot && uptime >= known.uptime;
  const step = now - known.seen - (isSameBoot ? uptime - known.uptime : 0);
  const leap = known.leap + step;
  // Also if it was set right again meanwhile.
  if (leap <= MOST_AHEAD) return believe(reading, true);
  const hasLeapt = step > MOST_AHEAD;
  const leapt = hasLeapt || !isSameBoot || known.leapt === null ? uptime : known.leapt;
  const waited = uptime - leapt;
  if (waited >= WAIT) return believe(reading, true);
  const since = now - waited;
  const verdict = { believed: false, since, until: since + WAIT, leap } as const;
  return { verdict, record: { seen: now, uptime, boot, leapt, leap }, hasLeapt };
}

/** Ages go by this clock from now on. */
export function believe({ now, uptime, boot }: ClockReading, wasKnown: boolean): Judgement {
  return {
    verdict: { believed: true, now, wasKnown },
    record: { seen: now, uptime, boot, leapt: null, leap: 0 },
    hasLeapt: false,
  };
}
