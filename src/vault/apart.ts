/** Packs that stand apart: condemned ones, which will be deleted, and suspects, which are missing or damaged. Saves refer to neither. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { CondemnedTable, Database, SuspectTable, Transaction } from '../db/index.ts';
import type { TenantId } from './names.ts';

type Query = Database['kysely'] | Transaction;

/** What is wrong with a pack. */
export type Suspicion = Pick<SuspectTable, 'kind' | 'reason'>;

export async function condemnedOf(query: Query, tenant: TenantId): Promise<readonly CondemnedTable[]> {
  return query.selectFrom('condemned').selectAll().where('tenant', '=', toHex(tenant)).execute();
}

export async function suspectsOf(query: Query, tenant: TenantId): Promise<readonly SuspectTable[]> {
  return query.selectFrom('suspects').selectAll().where('tenant', '=', toHex(tenant)).execute();
}

/** Why a pack stands apart. What is in a condemned one is whole: it comes before what a suspect has, which may be both. */
export const APART = ['condemned', 'suspect'] as const;

export type Apart = (typeof APART)[number];

/** By their ids in hex. */
export async function packsApart(query: Query, tenant: TenantId): Promise<ReadonlyMap<string, Apart>> {
  const apart = new Map<string, Apart>();
  for (const { id } of await condemnedOf(query, tenant)) apart.set(id, 'condemned');
  for (const { id } of await suspectsOf(query, tenant)) apart.set(id, 'suspect');
  return apart;
}

/**
 * Begins an epoch: what is announced from now on sees another index, and what is remembered of trees says nothing any more of what is
 * below their tops.
 */
export async function nextEpoch(tx: Transaction, tenant: TenantId): Promise<number> {
  const { epoch } = await tx
    .updateTable('tenants')
    .set(({ eb }) => ({ epoch: eb('epoch', '+', 1) }))
    .where('id', '=', toHex(tenant))
    .returning('epoch')
    .executeTakeFirstOrThrow();
  return epoch;
}

/**
 * Writes down what is wrong with packs, and that nothing is wrong any more with others: a save that meets the same content again stores
 * it anew.
 *
 * @param found ids in hex; `undefined` says that the pack is whole
 */
export async function noteSuspects(
  database: Database,
  tenant: TenantId,
  found: ReadonlyMap<string, Suspicion | undefined>,
  noticed: number,
  options: Cancellable = {},
): Promise<void> {
  const known = new Map((await suspectsOf(database.kysely, tenant)).map((row) => [row.id, row]));
  const changed = [...found].filter(([id, suspect]) => known.get(id)?.reason !== suspect?.reason);
  if (changed.length === 0 || database.readOnly) return;
  await database.transaction(async (tx) => {
    await nextEpoch(tx, tenant);
    for (const [id, suspect] of changed) {
      await tx.deleteFrom('suspects').where('id', '=', id).execute();
      if (suspect !== undefined)
        await tx
          .insertInto('suspects')
          .values({ id, tenant: toHex(tenant), ...suspect, noticed })
          .execute();
    }
  }, options);
}
