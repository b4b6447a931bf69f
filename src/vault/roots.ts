/** What snapshots need, as of now: each of them is a root from which everything below is marked. */

import { ByteReader, toHex } from '../base/index.ts';
import { decodeRoot } from '../tree/index.ts';
import type { TenantIndex } from './chunk-index.ts';
import { Marks } from './marks.ts';
import type { MarkOptions } from './marks.ts';
import { PACK_TYPES } from './names.ts';
import type { TenantId } from './names.ts';
import { VaultReader } from './reader.ts';
import type { TenantVault } from './tenant.ts';
import { usageOf } from './usage.ts';
import type { PackUsage } from './usage.ts';
import type { VaultWorld } from './world.ts';

export interface Marked {
  readonly index: TenantIndex;
  readonly marks: Marks;
  /** Ids of the snapshots. */
  readonly snapshots: ReadonlySet<string>;
  readonly usages: readonly PackUsage[];
}

/** @throws refused if a tree cannot be followed to its end */
export async function markRoots(
  world: VaultWorld,
  tenant: TenantVault,
  index: TenantIndex,
  options: MarkOptions,
): Promise<Marked> {
  const { store } = world;
  const source = new VaultReader({ store, keyring: tenant.keyring, index, signal: options.signal });
  const marks = new Marks(index, source, options);
  const roots = await rootsOf(world, tenant.id);
  for (const { label, root } of roots) {
    const { tree } = decodeRoot(new ByteReader(root, `the root of ${label}`));
    await marks.follow({ label, node: tree.node });
  }
  const usages = PACK_TYPES.flatMap((type) => usageOf(index[type], marks[type]));
  return { index, marks, snapshots: new Set(roots.map(({ id }) => id)), usages };
}

export async function snapshotIds(world: VaultWorld, tenant: TenantId): Promise<ReadonlySet<string>> {
  return new Set((await rootsOf(world, tenant)).map(({ id }) => id));
}

async function rootsOf(
  { database }: VaultWorld,
  tenant: TenantId,
): Promise<{ readonly id: string; readonly label: string; readonly root: Uint8Array }[]> {
  const rows = await database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['snapshots.id', 'name', 'number', 'root'])
    .where('tenant', '=', toHex(tenant))
    .orderBy('snapshots.created', 'desc')
    .execute();
  return rows.map(({ id, name, number, root }) => ({ id, label: `${name}@${number}`, root }));
}
