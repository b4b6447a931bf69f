/** What snapshots and layers need, as of now: each of them is a root from which everything below is marked. */

import { ByteReader, toHex } from '../base/index.ts';
import { decodeRoot, encodeRoot } from '../tree/index.ts';
import type { TenantIndex } from './chunk-index.ts';
import { keptLayers } from './kept-layers.ts';
import { Marks } from './marks.ts';
import type { MarkOptions } from './marks.ts';
import { PACK_TYPES } from './names.ts';
import type { TenantId } from './names.ts';
import { VaultReader } from './reader.ts';
import type { TenantVault } from './tenant.ts';
import { usageOf } from './usage.ts';
import type { PackUsage } from './usage.ts';
import type { VaultWorld } from './world.ts';

export interface RootRow {
  /** Of the snapshot or layer. */
  readonly id: string;
  /** `NAME@NUMBER`, or as of a layer. */
  readonly label: string;
  readonly root: Uint8Array;
}

export interface Marked {
  readonly index: TenantIndex;
  readonly marks: Marks;
  /** Ids of the snapshots. */
  readonly snapshots: ReadonlySet<string>;
  readonly usages: readonly PackUsage[];
}

/**
 * @param roots were read before the index: what is committed between is in the index, and not among them
 * @throws refused if a tree cannot be followed to its end
 */
export async function markRoots(
  { store }: VaultWorld,
  { keyring }: TenantVault,
  roots: readonly RootRow[],
  index: TenantIndex,
  options: MarkOptions,
): Promise<Marked> {
  const source = new VaultReader({ store, keyring, index, signal: options.signal });
  const marks = new Marks(index, source, options);
  for (const { label, root } of roots) {
    const { tree } = decodeRoot(new ByteReader(root, `the root of ${label}`));
    await marks.follow({ label, node: tree.node });
  }
  const usages = PACK_TYPES.flatMap((type) => usageOf(index[type], marks[type]));
  return { index, marks, snapshots: new Set(roots.map(({ id }) => id)), usages };
}

/** A tree that somebody reads. Its snapshot may be gone. */
export interface ReadRoot {
  readonly root: RootRow;
  /** When its reader may be taken for dead. Milliseconds since 1970. */
  readonly expires: number;
}

/** Of what is being read, each once, with the reader that lasts longest. */
export async function readRootsOf({ database }: VaultWorld, tenant: TenantId): Promise<ReadRoot[]> {
  const rows = await database.kysely
    .selectFrom('intents')
    .select(['id', 'roots', 'expires'])
    .where('tenant', '=', toHex(tenant))
    .where('kind', '=', 'read')
    .orderBy('expires')
    .execute();
  const read = new Map<string, ReadRoot>();
  for (const { id, roots, expires } of rows) {
    const reader = new ByteReader(roots, `what ${id} reads`);
    while (reader.remaining > 0) {
      const root = encodeRoot(decodeRoot(reader));
      read.set(toHex(root), { root: { id, label: 'a snapshot that is being read', root }, expires });
    }
  }
  return [...read.values()];
}

/** Of every snapshot, newest first; then of every layer that is kept. */
export async function rootsOf({ database }: VaultWorld, tenant: TenantId): Promise<RootRow[]> {
  const rows = await database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['snapshots.id', 'name', 'number', 'root'])
    .where('tenant', '=', toHex(tenant))
    .orderBy('snapshots.created', 'desc')
    .execute();
  const layers = (await keptLayers(database.kysely)).filter((layer) => layer.tenant === toHex(tenant));
  return [...rows.map(({ id, name, number, root }) => ({ id, label: `${name}@${number}`, root })), ...layers];
}
