/** Leases: who may work on a session, and for how long without saying that he is still there. */

import type { SessionTable, Transaction } from '../db/index.ts';
import { recordEvent, takeFence } from '../workspace/index.ts';
import { updateSession } from './rows.ts';
import type { SessionWorld } from './world.ts';

/** What the row of a session gets when a runner takes it. A later lease ends all before it. */
export async function takeLease(
  tx: Transaction,
  { runner, clock }: Pick<SessionWorld, 'runner' | 'clock'>,
  workspace: string,
): Promise<Pick<SessionTable, 'runner' | 'last_runner' | 'region' | 'fence' | 'lease_until'>> {
  return {
    runner: runner.id,
    last_runner: runner.id,
    region: runner.region,
    fence: await takeFence(tx, workspace),
    lease_until: runner.lease === null ? null : clock() + runner.lease,
  };
}

/** A runner says that it is there. Sessions that were taken from it stay taken. */
export async function renewLeases({ database, clock, runner: { id, lease } }: SessionWorld): Promise<void> {
  const now = clock();
  await database.transaction(async (tx) => {
    await tx.updateTable('runners').set({ seen: now }).where('id', '=', id).execute();
    if (lease === null) return;
    await tx
      .updateTable('sessions')
      .set({ lease_until: now + lease })
      .where('runner', '=', id)
      .execute();
  });
}

/**
 * Sessions whose lease is over have lost their runner: suspended, with whatever it had not saved. Any process may see to that, whichever
 * tenant's they are.
 */
export async function endLeases({
  database,
  clock,
  log,
}: Pick<SessionWorld, 'database' | 'clock' | 'log'>): Promise<void> {
  const now = clock();
  const over = await database.kysely
    .selectFrom('sessions')
    .innerJoin('runners', 'runners.id', 'sessions.runner')
    .select(['sessions.id', 'runners.name as runner'])
    .where('lease_until', '<=', now)
    .execute();
  if (over.length === 0) return;
  await database.transaction(async (tx) => {
    for (const { id, runner } of over) {
      const row = await tx
        .selectFrom('sessions')
        .selectAll()
        .where('id', '=', id)
        .where('lease_until', '<=', now)
        .where('runner', 'is not', null)
        .executeTakeFirst();
      if (row === undefined) continue;
      // One that never got to work has changed nothing.
      const wasAtWork = row.state !== 'resuming' && row.state !== 'pending';
      await updateSession(tx, id, {
        state: 'suspended',
        runner: null,
        lease_until: null,
        holder: null,
        operation: null,
        unsaved: wasAtWork ? 1 : row.unsaved,
        unsaved_fence: wasAtWork ? row.fence : row.unsaved_fence,
        reason: 'runner_lost',
        // What the runner still tries to commit comes too late.
        fence: row.workspace === null ? row.fence : await takeFence(tx, row.workspace),
      });
      await recordEvent(
        tx,
        { tenant: row.tenant, clock },
        {
          kind: 'session.runner_lost',
          session: row.name,
          details: { runner, unsaved: wasAtWork },
        },
      );
      log?.(`session ${row.name} has lost its runner`);
    }
  });
}
