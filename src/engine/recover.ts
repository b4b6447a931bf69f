/** A database from the store alone: for a home that lost its own, or that never had one for this store. */

import { systemClock } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { adoptTenants, attachIndex, forgetAttached, rebuildIndex } from '../vault/index.ts';
import type { Vault } from '../vault/index.ts';
import { checkNotOlder, forgetGone, publishAgain, recoverWorkspaces } from '../workspace/index.ts';
import type { AttachOptions, AttachResult, RebuildResult } from './store-face.ts';
import { placeText } from './config-place.ts';
import { DEFAULT_REGION } from './config-regions.ts';
import { noStore } from './home-errors.ts';
import type { Home } from './home.ts';
import type { InRegion } from './regions.ts';

export async function rebuild(home: Home, options: InRegion = {}): Promise<RebuildResult> {
  const started = systemClock();
  // Without anything to rebuild from it ends here.
  if (!(await home.hasStore(options))) await home.vault('read', options);
  // Shared with nobody: it may do more than others as long as it takes the store over.
  const vault = (await home.vaultAlone('rebuild', options)).itself;
  const { tookOver } = vault;
  const { tenants: _, ...result } = await ownAll(vault, options);
  return { ...result, tookOver, seconds: secondsSince(started) };
}

export async function attach(home: Home, options: AttachOptions = {}): Promise<AttachResult> {
  const started = systemClock();
  const { takeOver = false } = options;
  if (!(await home.hasStore(options)))
    throw noStore(placeText(home.regions.place(options.region ?? DEFAULT_REGION)));
  const vault = (await home.vaultAlone(takeOver ? 'attach to own' : 'attach to read', options)).itself;
  if (!takeOver) {
    await expectNothingOlder(vault, options);
    await forgetAttached(vault.world, options);
  }
  const { tenants, workspaces, snapshots, unreadable } = takeOver
    ? await ownAll(vault, options)
    : await readAll(vault, options);
  return {
    store: vault.world.store.label,
    role: takeOver ? 'owner' : 'reader',
    tenants,
    workspaces,
    snapshots,
    unreadable,
    seconds: secondsSince(started),
  };
}

/** Before anything that was seen is forgotten: else nobody could tell any more that there was more. */
async function expectNothingOlder(vault: Vault, options: Cancellable): Promise<void> {
  const { world } = vault;
  const { kysely } = world.database;
  const here = kysely.selectFrom('tenants').where('region', '=', world.region);
  const known = await here.select('name').execute();
  for (const { name } of known)
    await checkNotOlder({ database: world.database, vault: await vault.tenant(name, options) }, options);
}

async function ownAll(
  vault: Vault,
  options: Cancellable,
): Promise<Omit<RebuildResult, 'seconds' | 'tookOver'> & { readonly tenants: readonly string[] }> {
  const { world } = vault;
  const figures = { packs: 0, chunks: 0, workspaces: 0, snapshots: 0 };
  const unreadable: string[] = [];
  const tenants = await adoptTenants(vault, options);
  for (const name of tenants) {
    const tenant = await vault.tenant(name, options);
    const index = await rebuildIndex(world, tenant, options);
    world.log?.(`index of tenant ${name} made anew: ${index.packs} packs, ${index.chunks} chunks`);
    const rows = await recoverWorkspaces({ database: world.database, vault: tenant }, options);
    const here = { database: world.database, vault: tenant };
    await (vault.tookOver ? forgetGone : publishAgain)(here, options);
    figures.packs += index.packs;
    figures.chunks += index.chunks;
    figures.workspaces += rows.workspaces;
    figures.snapshots += rows.snapshots;
    unreadable.push(...index.unreadable, ...rows.unreadable);
  }
  await vault.completeTakeOver();
  return { ...figures, tenants, unreadable };
}

async function readAll(
  vault: Vault,
  options: Cancellable,
): Promise<Pick<AttachResult, 'tenants' | 'workspaces' | 'snapshots' | 'unreadable'>> {
  const { world } = vault;
  let [workspaces, snapshots] = [0, 0];
  const unreadable: string[] = [];
  const tenants = await adoptTenants(vault, options);
  for (const name of tenants) {
    const tenant = await vault.tenant(name, options);
    // Heads first: what they refer to was stored before them, so an index that is read after them has it.
    const rows = await recoverWorkspaces({ database: world.database, vault: tenant }, options);
    await attachIndex(world, tenant, options);
    workspaces += rows.workspaces;
    snapshots += rows.snapshots;
    unreadable.push(...rows.unreadable);
  }
  return { tenants, workspaces, snapshots, unreadable };
}

function secondsSince(started: number): number {
  return (systemClock() - started) / 1000;
}
