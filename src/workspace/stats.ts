/** How much there is, and how little of it is stored. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { StoreStats } from './results.ts';
import type { WorkspaceWorld } from './world.ts';

export async function storeStats(
  { vault, database }: WorkspaceWorld,
  options: Cancellable = {},
): Promise<StoreStats> {
  const rows = await database.kysely
    .selectFrom('snapshots')
    .innerJoin('workspaces', 'workspaces.id', 'snapshots.workspace')
    .select(['workspace', 'number', 'files', 'bytes'])
    .where('tenant', '=', toHex(vault.id))
    .orderBy('number')
    .execute();
  const layers = await database.kysely
    .selectFrom('layers')
    .select('bytes')
    .where('tenant', '=', toHex(vault.id))
    .execute();
  // Ordered by number, so the last row of each workspace is its latest snapshot.
  const latest = new Map(rows.map((row) => [row.workspace, row.files]));
  const logicalBytes = sum([...rows, ...layers].map((row) => row.bytes));
  const usage = await vault.usage(options);
  return {
    workspaces: latest.size,
    snapshots: rows.length,
    layers: layers.length,
    files: sum([...latest.values()]),
    logicalBytes,
    ...usage,
    deduplication: ratio(logicalBytes, usage.uniqueBytes),
    compression: ratio(usage.uniqueBytes, usage.packedBytes),
  };
}

function ratio(whole: number, part: number): number | undefined {
  return part === 0 ? undefined : whole / part;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
