/**
 * The brake on whatever deletes by age. A clock that is set wrong makes everything old at once; so one that has leapt ahead by more than a
 * day since it was last looked at is not believed until an hour has passed by the clock of the boot, or until somebody says that it is
 * right.
 */

import type { Clock } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import { believe, judgeClock } from './clock-leap.ts';
import type { ClockReading, ClockRecord, ClockVerdict } from './clock-leap.ts';
import { recordEvent } from './events.ts';
import type { Query, WorkspaceWorld } from './world.ts';

export type Clocks = Pick<WorkspaceWorld, 'clock' | 'monotonic'>;

export interface LookOptions {
  /** Somebody says that the clock is right. */
  readonly accept?: boolean | undefined;
}

/** Before anything is deleted by its age: writes down what the clock says, and says whether ages can be believed. */
export async function lookAtClock(
  tx: Transaction,
  clocks: Clocks,
  { accept = false }: LookOptions = {},
): Promise<ClockVerdict> {
  // Not before nobody else can write: else a process that waited for its turn would bring back an earlier time.
  const reading = read(clocks);
  const { verdict, record, hasLeapt } = accept
    ? believe(reading, true)
    : judgeClock(await readRecord(tx), reading);
  await tx
    .insertInto('clock')
    .values({ id: 1, ...record })
    .onConflict((conflict) => conflict.column('id').doUpdateSet(record))
    .execute();
  if (hasLeapt && !verdict.believed) await tellAll(tx, clocks.clock, verdict.leap, verdict.until);
  return verdict;
}

/** For what only tells what it would do. */
export async function glanceAtClock(query: Query, clocks: Clocks): Promise<ClockVerdict> {
  return judgeClock(await readRecord(query), read(clocks)).verdict;
}

/** Goes on from a time that was believed, whatever the clock is set to meanwhile. */
export function clockFrom(now: number, { monotonic }: Pick<Clocks, 'monotonic'>): Clock {
  const began = monotonic().milliseconds;
  return () => now + monotonic().milliseconds - began;
}

function read({ clock, monotonic }: Clocks): ClockReading {
  const { boot, milliseconds } = monotonic();
  return { now: clock(), uptime: milliseconds, boot };
}

async function readRecord(query: Query): Promise<ClockRecord | undefined> {
  return query
    .selectFrom('clock')
    .select(['seen', 'uptime', 'boot', 'leapt', 'leap'])
    .where('id', '=', 1)
    .executeTakeFirst();
}

/** The clock is everybody's. */
async function tellAll(tx: Transaction, clock: Clock, leap: number, until: number): Promise<void> {
  const tenants = await tx.selectFrom('tenants').select('name').distinct().orderBy('name').execute();
  const details = { leapSeconds: Math.round(leap / 1000), until: new Date(until).toISOString() };
  for (const { name: tenant } of tenants)
    await recordEvent(tx, { tenant, clock }, { kind: 'clock.leapt', details });
}
