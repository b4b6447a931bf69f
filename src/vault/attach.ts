/** What another home has in a store, for one that only reads it: rows of the tenants, and of the index segments that are there. */

import { StrataError } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { readHome } from './home.ts';
import { takenOverByHalf } from './owner.ts';
import { listSegments, segmentInForce, segmentRows } from './segments-in-force.ts';
import type { TenantVault } from './tenant.ts';
import type { VaultWorld } from './world.ts';

/** Forgets what was read in the store before. @throws refused for a home that owns its store; not_ours for one that has not taken it over to the end */
export async function forgetAttached(
  { database, region, store }: VaultWorld,
  options: Cancellable = {},
): Promise<void> {
  await database.transaction(async (tx) => {
    const role = (await readHome({ database: { kysely: tx }, region }))?.role;
    if (role === 'taker') throw takenOverByHalf(store.label);
    if (role !== 'reader')
      throw new StrataError('refused', 'this home owns its store already, or did', {
        hint: 'Attach from another home: give one with --home. `--take-over` takes back a store that another home has taken over.',
      });
    const tenants = tx.selectFrom('tenants').select('id').where('region', '=', region);
    const workspaces = tx.selectFrom('workspaces').select('id').where('tenant', 'in', tenants);
    await tx.deleteFrom('snapshots').where('workspace', 'in', workspaces).execute();
    for (const table of ['workspaces', 'segments'] as const)
      await tx.deleteFrom(table).where('tenant', 'in', tenants).execute();
  }, options);
}

/**
 * Takes the segments that are listed for those in force. One that was replaced tells of packs that another one tells of too, and at
 * worst of some that are gone, which nothing needs.
 */
export async function attachIndex(
  world: VaultWorld,
  tenant: TenantVault,
  options: Cancellable = {},
): Promise<void> {
  await listSegments(world, tenant.id, options);
  // One that is of no use is told of now, and not by whatever needs it first.
  for (const { segment } of await segmentRows(world, tenant.id))
    await segmentInForce(world, tenant.keyring, segment, options);
}
