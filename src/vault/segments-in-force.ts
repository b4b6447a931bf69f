/** Which index segments are in force, and how one takes the place of others. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Transaction } from '../db/index.ts';
import type { Keyring } from './keyring.ts';
import { idOf, segmentIdentity } from './names.ts';
import type { SegmentId, TenantId } from './names.ts';
import { putSegment } from './segment.ts';
import type { EncodedTable } from './table.ts';
import type { VaultWorld } from './world.ts';

export interface SegmentRow {
  readonly segment: SegmentId;
  /** Stored bytes. */
  readonly size: number;
}

/** In the order in which they came into force. */
export async function segmentRows({ database }: VaultWorld, tenant: TenantId): Promise<SegmentRow[]> {
  const rows = await database.kysely
    .selectFrom('segments')
    .select(['id', 'size'])
    .where('tenant', '=', toHex(tenant))
    .orderBy('created')
    .execute();
  return rows.map(({ id, size }) => ({ segment: idOf<SegmentId>(id), size }));
}

export async function isInForce({ database }: VaultWorld, segment: SegmentId): Promise<boolean> {
  const row = await database.kysely
    .selectFrom('segments')
    .select('id')
    .where('id', '=', toHex(segment))
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * Puts a new segment with these tables into force instead of others, whose objects are then the caller's to delete.
 *
 * @returns false if one of the others was out of force by then: nothing has changed. Somebody else has replaced it, and may have
 *   left out packs that are gone: they must not come back by way of a segment that was read before
 */
export async function replaceSegments(
  world: VaultWorld,
  keyring: Keyring,
  replaced: readonly SegmentRow[],
  tables: readonly EncodedTable[],
  options: Cancellable = {},
): Promise<boolean> {
  const { store, database, random, clock } = world;
  const id = random(ID_BYTES) as SegmentId;
  const replaces = replaced.map(({ segment }) => segment);
  const size = await putSegment(store, keyring, id, { tables, replaces }, random, options);
  try {
    await database.transaction(async (tx) => {
      for (const segment of replaces) await endSegment(tx, segment);
      await tx
        .insertInto('segments')
        .values({ id: toHex(id), tenant: toHex(keyring.tenant), size, created: clock() })
        .execute();
    }, options);
    return true;
  } catch (error) {
    if (!(error instanceof OutOfForce)) throw error;
    await store.delete(segmentIdentity(keyring.tenant, id).name);
    return false;
  }
}

/** Rolls the transaction back. */
class OutOfForce extends StrataError {}

async function endSegment(tx: Transaction, segment: SegmentId): Promise<void> {
  const ended = await tx.deleteFrom('segments').where('id', '=', toHex(segment)).executeTakeFirst();
  if (ended.numDeletedRows === 0n)
    throw new OutOfForce('conflict', 'an index segment was replaced meanwhile');
}
