/** What of a tenant is in the store, held against what the database knows of: what nothing tells of is left over. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { suspectsOf } from './apart.ts';
import type { TenantIndex } from './chunk-index.ts';
import { PACK_TYPES, headIdentity, idOf, packIdentity, parseName, tenantPrefix } from './names.ts';
import type { PackType, TenantId, WorkspaceId } from './names.ts';
import { segmentRows } from './segments-in-force.ts';
import { heldPacks } from './sent-packs.ts';
import type { VaultWorld } from './world.ts';

/** A pack or segment that no segment in force tells of, and that is none itself. Its save may still be under way, if the pack is a small one. */
export interface Orphan {
  readonly kind: PackType | 'index';
  /** In hex. */
  readonly id: string;
  readonly size: number;
}

export interface Inventory {
  /** Stored bytes of the tenant. */
  readonly bytes: number;
  readonly orphans: readonly Orphan[];
  /** Names of objects that can go at once: heads of removed snapshots. */
  readonly loose: readonly string[];
}

type Listed = ReadonlyMap<
  string,
  { readonly size: number; readonly parsed: NonNullable<ReturnType<typeof parseName>> }
>;

/**
 * @param readIndex is called after the listing: what was listed and is not in it is told of by nothing
 * @throws refused if listing and database do not fit together: one of them may be an old copy, or not whole
 */
export async function takeInventory(
  world: VaultWorld,
  tenant: TenantId,
  readIndex: () => Promise<TenantIndex>,
  options: Cancellable,
): Promise<{ readonly inventory: Inventory; readonly index: TenantIndex }> {
  // Before the listing: what is published later cannot be missed by it.
  const published = await headRows(world, tenant);
  const listed = await list(world, tenant, options);
  // Before the index: of those that come into force between, one of the two tells.
  const held = await heldPacks(world.database.kysely, tenant, world.clock());
  const index = await readIndex();
  const loose = await checkHeads(world, tenant, published, listed);
  await checkPacks(world, tenant, index, listed, options);
  const inForce = new Set((await segmentRows(world, tenant)).map(({ segment }) => toHex(segment)));
  const orphans: Orphan[] = [];
  let bytes = 0;
  for (const { size, parsed } of listed.values()) {
    bytes += size;
    if (parsed.kind === 'data' || parsed.kind === 'tree') {
      const id = toHex(parsed.pack);
      if (!index[parsed.kind].hasPack(id) && !held.has(id)) orphans.push({ kind: parsed.kind, id, size });
    } else if (parsed.kind === 'index') {
      const id = toHex(parsed.segment);
      if (!inForce.has(id)) orphans.push({ kind: 'index', id, size });
    }
  }
  return { inventory: { bytes, orphans, loose }, index };
}

async function list({ store }: VaultWorld, tenant: TenantId, options: Cancellable): Promise<Listed> {
  const listed = new Map<string, { size: number; parsed: NonNullable<ReturnType<typeof parseName>> }>();
  for await (const { name, size } of store.list(tenantPrefix(tenant), options)) {
    const parsed = parseName(name);
    if (parsed !== undefined) listed.set(name, { size, parsed });
  }
  return listed;
}

interface HeadRow {
  readonly name: string;
  readonly published: boolean;
}

async function headRows({ database }: VaultWorld, tenant: TenantId): Promise<HeadRow[]> {
  const rows = await database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['workspace', 'snapshots.seq', 'published'])
    .where('tenant', '=', toHex(tenant))
    .execute();
  return rows.map(({ workspace, seq, published }) => ({
    name: headIdentity(tenant, idOf<WorkspaceId>(workspace), seq).name,
    published: published === 1,
  }));
}

/** @returns the heads of removed snapshots that are still in the store */
async function checkHeads(
  world: VaultWorld,
  tenant: TenantId,
  published: readonly HeadRow[],
  listed: Listed,
): Promise<string[]> {
  const known = new Set((await headRows(world, tenant)).map(({ name }) => name));
  // After the others: a row that is gone by then is among these.
  const removed = await removedHeads(world, tenant);
  const unlisted = published.filter(
    (row) => row.published && !listed.has(row.name) && !removed.has(row.name),
  );
  if (unlisted.length > 0)
    throw new StrataError(
      'refused',
      `${world.store.label} does not list ${unlisted.length} of the heads that it has acknowledged, so nothing is collected`,
      {
        hint: '`strata store verify` tells what is missing. Is the whole store there, and is it this one?',
        details: { heads: unlisted.map(({ name }) => name) },
      },
    );
  const loose: string[] = [];
  const unknown: string[] = [];
  for (const [name, { parsed }] of listed) {
    if (parsed.kind !== 'head' || known.has(name)) continue;
    (removed.has(name) ? loose : unknown).push(name);
  }
  if (unknown.length === 0) return loose;
  throw new StrataError(
    'refused',
    `${world.store.label} has ${unknown.length} snapshots that the database does not know, so nothing is collected`,
    {
      hint: 'If an older copy of the database was put back, run `strata store rebuild-index`: it takes over what the store has.',
      details: { heads: unknown },
    },
  );
}

/** Names of the heads of removed snapshots, whether they are in the store still or not. */
export async function removedHeads({ database }: VaultWorld, tenant: TenantId): Promise<ReadonlySet<string>> {
  const rows = await database.kysely
    .selectFrom('removed_heads')
    .select(['workspace', 'seq'])
    .where('tenant', '=', toHex(tenant))
    .execute();
  return new Set(
    rows.map(({ workspace, seq }) => headIdentity(tenant, idOf<WorkspaceId>(workspace), seq).name),
  );
}

/** A pack that is gone is a suspect before anything is collected: a store of which a part is missing is no place to delete in. */
async function checkPacks(
  world: VaultWorld,
  tenant: TenantId,
  index: TenantIndex,
  listed: Listed,
  options: Cancellable,
): Promise<void> {
  const suspects = new Set((await suspectsOf(world.database.kysely, tenant)).map(({ id }) => id));
  for (const type of PACK_TYPES) {
    for (const id of index[type].packIds()) {
      const { name } = packIdentity(tenant, type, idOf(id));
      if (listed.has(name) || suspects.has(id)) continue;
      // Stored since the listing, then.
      if ((await world.store.size(name, options)) !== undefined) continue;
      throw new StrataError('refused', `object ${name} is missing from the store, so nothing is collected`, {
        hint: '`strata store verify` tells what is lost with it; after that the store can be collected.',
        details: { object: name },
      });
    }
  }
}
