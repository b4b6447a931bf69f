/** What the database says must be in the store: the other half of a verification, since a listing cannot show what is gone. */

import { ByteReader } from '../base/index.ts';
import { decodeRoot } from '../tree/index.ts';
import type { Root } from '../tree/index.ts';
import { isForeign } from './home.ts';
import { keptLayers } from './kept-layers.ts';
import { headIdentity, idOf, keysIdentity, segmentIdentity } from './names.ts';
import type { SegmentId, TenantId, WorkspaceId } from './names.ts';
import type { VaultWorld } from './world.ts';

/** A tree that must be there whole. */
export interface ExpectedTree {
  /** `NAME@NUMBER`, or as of a layer. */
  readonly label: string;
  /** Tenant id in hex. */
  readonly tenant: string;
  readonly root: Root;
  /** Name of its head. A layer has none. */
  readonly head: string | undefined;
}

export interface Expected {
  /** Of snapshots, newest first, then of layers. */
  readonly trees: readonly ExpectedTree[];
  /** Names of objects that must exist, apart from packs. */
  readonly objects: readonly string[];
}

export async function readExpected({ database, region }: VaultWorld): Promise<Expected> {
  const { kysely } = database;
  // What its owner has replaced since it was attached is gone, and not missing.
  const isOutdated = await isForeign({ database, region });
  const tenants = await kysely.selectFrom('tenants').selectAll().where('region', '=', region).execute();
  const ids = tenants.map(({ id }) => id);
  const segments = await kysely
    .selectFrom('segments')
    .select(['id', 'tenant'])
    .where('tenant', 'in', ids)
    .execute();
  const rows = await kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['tenant', 'workspace', 'name', 'number', 'snapshots.seq', 'root', 'published'])
    .where('tenant', 'in', ids)
    .orderBy('snapshots.created', 'desc')
    .execute();
  const layers = (await keptLayers(kysely)).filter(({ tenant }) => ids.includes(tenant));
  const headName = (row: { tenant: string; workspace: string; seq: number }) =>
    headIdentity(idOf<TenantId>(row.tenant), idOf<WorkspaceId>(row.workspace), row.seq).name;
  return {
    trees: [
      ...rows.map((row) => ({ ...row, label: `${row.name}@${row.number}`, head: headName(row) })),
      ...layers.map((layer) => ({ ...layer, head: undefined })),
    ].map(({ label, tenant, root, head }) => ({
      label,
      tenant,
      root: decodeRoot(new ByteReader(root, `the root of ${label}`)),
      head,
    })),
    objects: [
      ...(isOutdated ? [] : tenants).map((row) => keysIdentity(idOf<TenantId>(row.id), row.key_seq).name),
      ...(isOutdated ? [] : segments).map(
        (row) => segmentIdentity(idOf<TenantId>(row.tenant), idOf<SegmentId>(row.id)).name,
      ),
      ...rows.filter((row) => row.published === 1).map(headName),
    ],
  };
}
