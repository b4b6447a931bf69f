/** What other processes want of a run stands in rows: that it ends, and that tasks may begin. */

import { setTimeout } from 'node:timers/promises';

import type { RunWorld } from './world.ts';

/** Milliseconds between two looks. */
const LISTEN_MS = 200;

export interface Wishes {
  readonly onCancel: () => Promise<void>;
  /** @param task its number. May be called more than once for one approval */
  readonly onApprove: (task: number) => Promise<void>;
}

/** Returns when the signal is aborted. @throws what keeps it from reading */
export async function listen(
  { database }: RunWorld,
  run: string,
  { onCancel, onApprove }: Wishes,
  signal: AbortSignal,
): Promise<void> {
  const { kysely } = database;
  while (!signal.aborted) {
    const row = await kysely.selectFrom('runs').select('cancel').where('id', '=', run).executeTakeFirst();
    if (row?.cancel === 1) await onCancel();
    const approved = await kysely
      .selectFrom('tasks')
      .select('number')
      .where('run', '=', run)
      .where('waiting_approval', '=', 1)
      .where('approved', '=', 1)
      .execute();
    for (const { number } of approved) await onApprove(number);
    // What ends the waiting is no failure.
    await setTimeout(LISTEN_MS, undefined, { signal }).catch(() => undefined);
  }
}
