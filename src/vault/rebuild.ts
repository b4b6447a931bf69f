/** The index from the packs alone: one new segment per tenant that stands for all that were there. */

import { giveWay, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import { PACK_TYPES, idOf, parseName, segmentIdentity, tenantPrefix } from './names.ts';
import type { SegmentId } from './names.ts';
import { putSegment } from './segment.ts';
import type { PackTable } from './table.ts';
import type { TenantVault } from './tenant.ts';
import { readTable } from './verify-pack.ts';
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
  const { store, database, random, clock } = world;
  const id = toHex(tenant.id);
  const replaced = await database.kysely
    .selectFrom('segments')
    .select('id')
    .where('tenant', '=', id)
    .execute();
  const { tables, unreadable } = await readTables(world, tenant, options);
  const segment = random(ID_BYTES) as SegmentId;
  const replaces = replaced.map((row) => idOf<SegmentId>(row.id));
  const size = await putSegment(store, tenant.keyring, segment, { tables, replaces }, random, options);
  await database.transaction(async (tx) => {
    for (const row of replaced) await tx.deleteFrom('segments').where('id', '=', row.id).execute();
    await tx
      .insertInto('segments')
      .values({ id: toHex(segment), tenant: id, size, created: clock() })
      .execute();
  });
  // Only what the database knew is surely replaced; another save's new segment is not ours to delete.
  for (const old of replaces) await store.delete(segmentIdentity(tenant.id, old).name);
  return { packs: tables.length, chunks: countChunks(tables), unreadable };
}

async function readTables(
  { store }: VaultWorld,
  tenant: TenantVault,
  options: Cancellable,
): Promise<{ tables: PackTable[]; unreadable: string[] }> {
  const tables: PackTable[] = [];
  const unreadable: string[] = [];
  for (const type of PACK_TYPES) {
    for await (const { name } of store.list(`${tenantPrefix(tenant.id)}${type}/`, options)) {
      await giveWay(options.signal);
      const parsed = parseName(name);
      if (parsed?.kind !== type) continue;
      try {
        tables.push(await readTable(store, tenant.keyring, parsed, options));
      } catch (error) {
        if (!isStrataError(error, 'integrity') && !isStrataError(error, 'wrong_key')) throw error;
        unreadable.push(name);
      }
    }
  }
  return { tables, unreadable };
}

function countChunks(tables: readonly PackTable[]): number {
  return tables.reduce(
    (sum, table) => sum + table.blocks.reduce((inner, block) => inner + block.chunks.length, 0),
    0,
  );
}
