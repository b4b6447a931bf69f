/** Layers go when no run that may be restarted and no cache needs them any more. */

import { StrataError, toHex } from '../base/index.ts';
import type { RunTable, Transaction } from '../db/index.ts';
import { isRunOver } from '../plan/index.ts';
import { lookAtClock } from '../workspace/index.ts';
import { getRun } from './rows.ts';
import type { RunWorld } from './world.ts';

/** A cache that nobody has used for so long is none. Milliseconds. */
const CACHE_LIFE = 30 * 24 * 60 * 60 * 1000;

/** Rows that one call takes away at most: the rest is left to the next. */
const MOST = 100;

/**
 * Does what is due of a tenant: runs whose time is over lose their layers, and stay to be looked at; caches that nobody uses go. Nothing is
 * due while the clock is not believed.
 *
 * @param tenant in hex
 * @returns how many layers are gone; what they took in the store goes with the next collection
 */
export async function expireLayers(
  { database, ...clocks }: Pick<RunWorld, 'database' | 'clock' | 'monotonic'>,
  tenant: string,
): Promise<number> {
  const verdict = await database.transaction((tx) => lookAtClock(tx, clocks));
  if (!verdict.believed) return 0;
  const { now } = verdict;
  const due = await database.kysely
    .selectFrom('runs')
    .select('id')
    .where('tenant', '=', tenant)
    .where('expires', '<=', now)
    .limit(MOST)
    .execute();
  const caches = await database.kysely
    .selectFrom('caches')
    .select(['domain', 'key'])
    .where('tenant', '=', tenant)
    .where('used', '<=', now - CACHE_LIFE)
    .limit(MOST)
    .execute();
  if (due.length === 0 && caches.length === 0) return 0;
  return database.transaction(async (tx) => {
    for (const { domain, key } of caches)
      await tx
        .deleteFrom('caches')
        .where('tenant', '=', tenant)
        .where('domain', '=', domain)
        .where('key', '=', key)
        .execute();
    for (const { id } of due) {
      await dropLayers(tx, id);
      // It was dealt with, and is not due again.
      await tx.updateTable('runs').set({ expires: null }).where('id', '=', id).execute();
    }
    return dropUnreferenced(tx, tenant);
  });
}

/** A run that has ended is gone, with its rows, its layers and what it has printed. @throws run_not_found; refused while it goes on */
export async function removeRun({ database, vault, logs }: RunWorld, id: string): Promise<void> {
  const tenant = toHex(vault.id);
  await database.transaction(async (tx) => {
    const { phase } = await getRun(tx, tenant, id);
    if (!isRunOver(phase))
      throw new StrataError('refused', `${id} has not ended`, {
        hint: `\`strata runs cancel ${id}\` ends it.`,
        details: { run: id },
      });
    await dropLayers(tx, id);
    await tx.deleteFrom('tasks').where('run', '=', id).execute();
    await tx.deleteFrom('runs').where('id', '=', id).execute();
    await dropUnreferenced(tx, tenant);
  });
  logs.remove(id);
}

/** As the end of a sentence about a run, or a task of it. */
export const TIME_IS_OVER = 'the time for which its layers are kept is over';

/** After its time a run has no layers any more, and no time either. */
export function isExpired({ ended, expires }: Pick<RunTable, 'ended' | 'expires'>): boolean {
  return ended !== null && expires === null;
}

/** The run has no layers any more; those that other runs have stay there. */
export async function dropLayers(tx: Transaction, run: string): Promise<void> {
  const tasks = tx.selectFrom('tasks').select('id').where('run', '=', run);
  await tx.deleteFrom('task_layers').where('task', 'in', tasks).execute();
}

/** A task has no layers any more, of whichever attempt. */
export async function dropLayersOf(tx: Transaction, task: string): Promise<void> {
  await tx.deleteFrom('task_layers').where('task', '=', task).execute();
}

export async function dropUnreferenced(tx: Transaction, tenant: string): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('layers')
    .where('tenant', '=', tenant)
    .where('id', 'not in', tx.selectFrom('task_layers').select('layer'))
    .where('id', 'not in', tx.selectFrom('caches').select('layer'))
    .executeTakeFirst();
  return Number(numDeletedRows);
}
