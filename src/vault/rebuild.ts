/** The index from the packs alone: one new segment per tenant that stands for all that were there. */

import { ByteReader, ahead, giveWay, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Transaction } from '../db/index.ts';
import type { StoredObject } from '../store/index.ts';
import { Announcement } from './announce.ts';
import { atOnce } from './at-once.ts';
import { PACK_TYPES, parseName, segmentIdentity, tenantPrefix } from './names.ts';
import { forgetSent } from './sent-packs.ts';
import { replaceSegments, segmentRows } from './segments-in-force.ts';
import type { EncodedTable } from './table.ts';
import type { TenantVault } from './tenant.ts';
import { readEncodedTable } from './verify-pack.ts';
import type { VaultWorld } from './world.ts';

export interface RebuiltIndex {
  readonly packs: number;
  readonly chunks: number;
  /** Names of packs whose table could not be read. */
  readonly unreadable: readonly string[];
}

export async function rebuildIndex(
  world: VaultWorld,
  tenant: TenantVault,
  options: Cancellable = {},
): Promise<RebuiltIndex> {
  await tenant.checkOwner(options);
  // What a collector deletes meanwhile would come back with the tables that were read before.
  await using intent = await Announcement.toCollect(world, tenant.id, options);
  for (;;) {
    // Before the packs are listed: then it stands for nothing that tells of packs which the listing missed.
    const replaced = await segmentRows(world, tenant.id);
    const { tables, unreadable } = await readTables(world, tenant, options);
    // A merged segment that came meanwhile may tell of packs that are unreadable: it has to go too.
    const begin = async (tx: Transaction) => {
      await intent.check(tx);
      await beginEra(tx, world, tenant);
      // They are in force now, whoever has sent them.
      const packs = new Set(tables.map(({ pack }) => toHex(pack)));
      await forgetSent(tx, tenant.id, (id) => packs.has(id));
    };
    if (!(await replaceSegments(world, tenant.keyring, replaced, tables, begin, options))) continue;
    for (const { segment } of replaced) await world.store.delete(segmentIdentity(tenant.id, segment).name);
    return { packs: tables.length, chunks: tables.reduce((sum, { chunks }) => sum + chunks, 0), unreadable };
  }
}

/**
 * The database may be a new one, or an older copy that was put back: so no epoch that anything remembers may come again, and what is
 * under way is still in an earlier one.
 */
async function beginEra(tx: Transaction, { random }: VaultWorld, tenant: TenantVault): Promise<void> {
  const far = 1 + new ByteReader(random(4), 'a random number').u32();
  await tx
    .updateTable('tenants')
    .set(({ eb }) => ({ epoch: eb('epoch', '+', far) }))
    .where('id', '=', toHex(tenant.id))
    .execute();
}

async function readTables(
  { store }: VaultWorld,
  tenant: TenantVault,
  options: Cancellable,
): Promise<{ tables: EncodedTable[]; unreadable: string[] }> {
  const tables: EncodedTable[] = [];
  const unreadable: string[] = [];
  for (const type of PACK_TYPES) {
    const packs = store.list(`${tenantPrefix(tenant.id)}${type}/`, options);
    const read = async ({ name }: StoredObject) => {
      await giveWay(options.signal);
      const parsed = parseName(name);
      if (parsed?.kind !== type) return;
      try {
        return await readEncodedTable(store, tenant.keyring, parsed, options);
      } catch (error) {
        if (!isStrataError(error, 'integrity') && !isStrataError(error, 'wrong_key')) throw error;
        unreadable.push(name);
      }
    };
    for await (const table of ahead(packs, atOnce(store), read)) if (table !== undefined) tables.push(table);
  }
  return { tables, unreadable };
}
