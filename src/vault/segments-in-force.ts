/** Which index segments are in force, and how one takes the place of others. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Database, Transaction } from '../db/index.ts';
import type { Keyring } from './keyring.ts';
import { isForeign } from './home.ts';
import { idOf, parseName, segmentIdentity, tenantPrefix } from './names.ts';
import type { SegmentId, TenantId } from './names.ts';
import { getEncodedSegment, putSegment } from './segment.ts';
import type { Segment } from './segment.ts';
import type { EncodedTable } from './table.ts';
import type { VaultWorld } from './world.ts';

export interface SegmentRow {
  readonly segment: SegmentId;
  /** Stored bytes. */
  readonly size: number;
}

/** In the order in which they came into force. */
export async function segmentRows(
  { database }: { readonly database: Pick<Database, 'kysely'> },
  tenant: TenantId,
): Promise<SegmentRow[]> {
  const rows = await database.kysely
    .selectFrom('segments')
    .select(['id', 'size'])
    .where('tenant', '=', toHex(tenant))
    .orderBy('created')
    .execute();
  return rows.map(({ id, size }) => ({ segment: idOf<SegmentId>(id), size }));
}

function idsOf(rows: readonly SegmentRow[]): string {
  return rows.map(({ segment }) => toHex(segment)).join();
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
 * For a home that reads: what the store lists is in force. Its owner may have replaced what was listed before, and deleted it.
 *
 * @throws read_only
 */
export async function listSegments(world: VaultWorld, tenant: TenantId, options: Cancellable): Promise<void> {
  const { store, database, region } = world;
  const known = idsOf(await segmentRows(world, tenant));
  const listed: { id: string; size: number }[] = [];
  for await (const { name, size } of store.list(`${tenantPrefix(tenant)}index/`, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'index') listed.push({ id: toHex(parsed.segment), size });
  }
  await database.transaction(async (tx) => {
    // Another process has taken the store over meanwhile, or made the index anew: what it says counts.
    const within = { database: { kysely: tx } };
    if (!(await isForeign({ ...within, region }))) return;
    if (idsOf(await segmentRows(within, tenant)) !== known) return;
    await tx.deleteFrom('segments').where('tenant', '=', toHex(tenant)).execute();
    for (const [created, { id, size }] of listed.entries())
      await tx
        .insertInto('segments')
        .values({ id, tenant: toHex(tenant), size, created })
        .execute();
  }, options);
}

/**
 * @returns undefined if it is no longer in force: for a home that reads, as the store says by now
 * @throws integrity if it is, and is missing or damaged
 */
export async function segmentInForce(
  world: VaultWorld,
  keyring: Keyring,
  segment: SegmentId,
  options: Cancellable,
): Promise<Segment<EncodedTable> | undefined> {
  try {
    return await getEncodedSegment(world.store, keyring, segment, options);
  } catch (error) {
    if (isStrataError(error, 'integrity') && (await isForeign(world))) {
      if (world.database.readOnly) throw attachAgain(error);
      await listSegments(world, keyring.tenant, options);
    }
    if (!(await isInForce(world, segment))) return undefined;
    throw error;
  }
}

function attachAgain(error: StrataError): StrataError {
  const { code, message, details } = error;
  return new StrataError(code, message, {
    hint: 'The home that owns the store may have replaced it: attach the store again, from a home that can be written to.',
    details,
    cause: error,
  });
}

/** The packs that segments in force tell of, as far as they can be read. Ids in hex. */
export async function packsInForce(
  world: VaultWorld,
  keyring: Keyring,
  options: Cancellable,
): Promise<ReadonlySet<string>> {
  rounds: for (;;) {
    const packs = new Set<string>();
    for (const { segment } of await segmentRows(world, keyring.tenant)) {
      try {
        const found = await segmentInForce(world, keyring, segment, options);
        if (found === undefined) continue rounds;
        for (const { pack } of found.tables) packs.add(toHex(pack));
      } catch (error) {
        if (!isStrataError(error, 'integrity') && !isStrataError(error, 'wrong_key')) throw error;
      }
    }
    return packs;
  }
}

/** Puts a segment into force that is in the store. */
export async function addSegment(
  tx: Transaction,
  { clock }: Pick<VaultWorld, 'clock'>,
  tenant: TenantId,
  { id, bytes }: { readonly id: SegmentId; readonly bytes: number },
): Promise<void> {
  await tx
    .insertInto('segments')
    .values({ id: toHex(id), tenant: toHex(tenant), size: bytes, created: clock() })
    .execute();
}

/**
 * Puts a new segment with these tables into force instead of others, whose objects are then the caller's to delete.
 *
 * @param within is called in the same transaction. It has to throw if whoever replaces them was taken for dead: a collector has then seen
 *   the new segment out of force, and deletes it
 * @returns false if one of the others was out of force by then: nothing has changed. Somebody else has replaced it, and may have
 *   left out packs that are gone: they must not come back by way of a segment that was read before
 */
export async function replaceSegments(
  world: VaultWorld,
  keyring: Keyring,
  replaced: readonly SegmentRow[],
  tables: readonly EncodedTable[],
  within: (tx: Transaction) => Promise<void>,
  options: Cancellable = {},
): Promise<boolean> {
  const { store, database, random } = world;
  const id = random(ID_BYTES) as SegmentId;
  const replaces = replaced.map(({ segment }) => segment);
  const isEmpty = tables.length === 0;
  const size = isEmpty ? 0 : await putSegment(store, keyring, id, { tables, replaces }, random, options);
  try {
    await database.transaction(async (tx) => {
      await within(tx);
      for (const segment of replaces) await endSegment(tx, segment);
      if (!isEmpty) await addSegment(tx, world, keyring.tenant, { id, bytes: size });
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
