/**
 * Packs that are stored and in no segment yet. When a save is broken off, the next one takes them over, so that nothing large is sent
 * twice.
 *
 * The rows and the collector keep out of each other's way in the database: no pack is among these rows and condemned at the same time, and
 * none is condemned whose save is alive. So whatever a save takes over stays, and what is going to be deleted nobody takes over.
 */

import { toHex } from '../base/index.ts';
import type { Database, SentPackTable, Transaction } from '../db/index.ts';
import { isDead } from './announce.ts';
import { idOf } from './names.ts';
import type { IntentId, PackId, PackType, TenantId } from './names.ts';
import type { VaultWorld } from './world.ts';

/**
 * Bytes of a pack that is worth a row: sending a smaller one again takes no longer. Only the last pack
 * of each type and thread is smaller.
 */
const LEAST_NOTED = 1024 * 1024;

export interface SentPack {
  readonly kind: PackType;
  readonly pack: PackId;
  /** Stored. */
  readonly bytes: number;
}

/** Says that a pack is in the store whole, if that is worth it. */
export async function noteSent(
  { database, clock, leastNoted = LEAST_NOTED }: VaultWorld,
  tenant: TenantId,
  intent: IntentId,
  { kind, pack, bytes }: SentPack,
): Promise<void> {
  if (bytes < leastNoted) return;
  const id = toHex(pack);
  // Lazily: a pack whose row is lost with the power is left to the collector.
  await database.transaction(
    async (tx) => {
      // A collector may have listed it a moment ago, and will delete it if the save does not commit.
      const condemned = await tx.selectFrom('condemned').select('id').where('id', '=', id).executeTakeFirst();
      if (condemned !== undefined) return;
      const row = { id, tenant: toHex(tenant), kind, intent: toHex(intent), size: bytes, sent: clock() };
      await tx.insertInto('sent_packs').values(row).execute();
    },
    { lazy: true },
  );
}

/** Gives a save the packs of those that are over, in the transaction that announces it: whoever looks sees both or neither. */
export async function claimSent(
  tx: Transaction,
  tenant: TenantId,
  intent: IntentId,
  now: number,
): Promise<readonly SentPack[]> {
  const rows = (await sentRows(tx, tenant, now)).filter(({ isHeld }) => !isHeld);
  for (const earlier of new Set(rows.map((row) => row.intent)))
    await tx
      .updateTable('sent_packs')
      .set({ intent: toHex(intent) })
      .where('intent', '=', earlier)
      .execute();
  return rows.map(({ id, kind, size }) => ({ kind, pack: idOf<PackId>(id), bytes: size }));
}

/** The packs of a save are in its segment, which comes into force in this transaction. */
export async function endSent(tx: Transaction, intent: IntentId): Promise<void> {
  await tx.deleteFrom('sent_packs').where('intent', '=', toHex(intent)).execute();
}

/** Packs that belong to saves that are alive. In hex. */
export async function heldPacks(
  query: Database['kysely'] | Transaction,
  tenant: TenantId,
  now: number,
): Promise<ReadonlySet<string>> {
  const rows = await sentRows(query, tenant, now);
  return new Set(rows.filter(({ isHeld }) => isHeld).map(({ id }) => id));
}

/** @param isOver of which packs nobody is to know any more that they were sent; asked with ids in hex */
export async function forgetSent(
  query: Database['kysely'] | Transaction,
  tenant: TenantId,
  isOver: (id: string) => boolean,
): Promise<void> {
  const rows = await query
    .selectFrom('sent_packs')
    .select('id')
    .where('tenant', '=', toHex(tenant))
    .execute();
  for (const { id } of rows)
    if (isOver(id)) await query.deleteFrom('sent_packs').where('id', '=', id).execute();
}

interface SentRow extends Pick<SentPackTable, 'id' | 'kind' | 'intent' | 'size'> {
  /** Whether its save is alive. */
  readonly isHeld: boolean;
}

async function sentRows(
  query: Database['kysely'] | Transaction,
  tenant: TenantId,
  now: number,
): Promise<SentRow[]> {
  const rows = await query
    .selectFrom('sent_packs')
    .leftJoin('intents', 'intents.id', 'sent_packs.intent')
    .select(['sent_packs.id', 'sent_packs.kind', 'intent', 'size', 'holder', 'expires'])
    .where('sent_packs.tenant', '=', toHex(tenant))
    .execute();
  // Of thousands of packs few saves.
  const living = new Map<string, boolean>();
  return rows.map(({ id, kind, intent, size, holder, expires }) => {
    let isHeld = living.get(intent);
    if (isHeld === undefined) {
      isHeld = holder !== null && expires !== null && !isDead({ holder, expires }, now);
      living.set(intent, isHeld);
    }
    return { id, kind, intent, size, isHeld };
  });
}
