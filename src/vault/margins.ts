/** How careful a collection is. Nothing here keeps chunks safe from saves and restores of this home: announcements do. */

import { StrataError } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';

const HOUR = 60 * 60 * 1000;
const DAY = 24 * HOUR;
const USUAL_LAG = 60 * 1000;

export interface Margins {
  /**
   * Milliseconds from when an object is condemned until it is deleted. It is for those who read the store without this database: homes
   * that are attached to read, and copies of the store that are under way.
   */
  readonly deletion: number;
  /** Milliseconds that the clock may be ahead of all that was written down before somebody has to look at it. */
  readonly leap: number;
  /** Milliseconds that it may be behind of it. Default: a minute, by which clocks are set back now and then, to be right. */
  readonly lag?: number | undefined;
}

/** A store on a disk of this machine: whoever reads it elsewhere does so over a mount. */
export const LOCAL_MARGINS: Margins = { deletion: HOUR, leap: 60 * DAY };
/** A store that others can reach: a reader may be slow, cut off for a night, and come back. */
export const SHARED_MARGINS: Margins = { deletion: DAY, leap: 60 * DAY };

/**
 * Margins count milliseconds of a clock, so a clock that is set wrong could make them pass at once.
 *
 * @throws refused if the clock is behind what was written down already
 * @returns false if it is so far ahead that this must not be the run that deletes
 */
export async function clockIsPlausible(
  tx: Transaction,
  now: number,
  { leap, lag = USUAL_LAG }: Margins,
): Promise<boolean> {
  const latest = await latestTime(tx);
  if (latest === undefined || (now >= latest - lag && now - latest <= leap)) return true;
  if (now >= latest) return false;
  throw new StrataError(
    'refused',
    `the clock says ${timeText(now)}, but the database has something from ${timeText(latest)}`,
    {
      hint: 'Set the clock of this machine right, then collect again. If it is right by now, `strata store gc --accept-clock` collects all the same.',
    },
  );
}

/** Of a time that a damaged row has there may be no date. */
function timeText(time: number): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? `${time} ms` : date.toISOString();
}

async function latestTime(tx: Transaction): Promise<number | undefined> {
  const times = [
    (
      await tx
        .selectFrom('condemned')
        .select(({ fn }) => fn.max('since').as('at'))
        .executeTakeFirst()
    )?.at,
    (
      await tx
        .selectFrom('snapshots')
        .select(({ fn }) => fn.max('created').as('at'))
        // Those have their times from the clock of another machine.
        .where('kind', '<>', 'replica')
        .executeTakeFirst()
    )?.at,
    (
      await tx
        .selectFrom('removed_heads')
        .select(({ fn }) => fn.max('removed').as('at'))
        .executeTakeFirst()
    )?.at,
  ].filter((at) => typeof at === 'number');
  return times.length === 0 ? undefined : Math.max(...times);
}
