/**
 * Takes away what nothing refers to any more, while saves and restores go on.
 *
 * 1. What every snapshot needs is marked. What is needed of sparse and small packs is written into new ones.
 * 2. In one transaction a new epoch begins, and in it packs are condemned: saves that begin from now on do not refer to them.
 * 3. What was condemned is deleted when all has ended that began in an earlier epoch, the margin has passed, and no snapshot that was
 *    committed meanwhile needs it: the index first, then the objects.
 *
 * Cut off anywhere it leaves objects that are condemned or told of by nothing, and the next collection goes on with them.
 */

import { boundHeap, toHex } from '../base/index.ts';
import type { Condemnation, CondemnedTable, Transaction } from '../db/index.ts';
import { Announcement, INTENT_LIFE } from './announce.ts';
import { condemnedOf, nextEpoch, suspectsOf } from './apart.ts';
import { idsOf, planCollection } from './collect-plan.ts';
import type { CollectionPlan } from './collect-plan.ts';
import { deleteCondemned } from './collect-delete.ts';
import { takeInventory } from './inventory.ts';
import type { Inventory, Orphan } from './inventory.ts';
import type { MarkOptions } from './marks.ts';
import { clockIsPlausible } from './margins.ts';
import type { Margins } from './margins.ts';
import { rewritePacks } from './rewrite.ts';
import type { Rewritten } from './rewrite.ts';
import { markRoots, rootsOf } from './roots.ts';
import type { Marked } from './roots.ts';
import { addSegment } from './segments-in-force.ts';
import { forgetSent, heldPacks } from './sent-packs.ts';
import type { TenantVault } from './tenant.ts';
import { isNeeded } from './usage.ts';
import type { PackUsage } from './usage.ts';
import type { Waiting } from './waiting.ts';
import type { VaultWorld } from './world.ts';

export interface CollectOptions extends MarkOptions {
  /** Only tells what would be done. */
  readonly dryRun?: boolean | undefined;
}

export interface Collected {
  /** Stored bytes of the tenant before. */
  readonly storedBytes: number;
  /** The part of them that snapshots need. */
  readonly liveBytes: number;
  /** Condemned now, or in a dry run would be: packs of which nothing is needed, packs that were written anew, leftovers. */
  readonly condemned: Readonly<Record<Condemnation, { readonly objects: number; readonly bytes: number }>>;
  /** Deleted now. */
  readonly deletedObjects: number;
  readonly deletedBytes: number;
  /** Written anew, and so stored twice until the old packs go. */
  readonly rewrittenBytes: number;
  /** What is condemned and stays, by what it waits for. */
  readonly waiting: readonly Waiting[];
}

/** @throws refused if store, database and clock do not fit together: then nothing is changed */
export async function collectTenant(
  world: VaultWorld,
  tenant: TenantVault,
  margins: Margins,
  options: CollectOptions = {},
): Promise<Collected> {
  if (options.dryRun === true) return collected(await survey(world, tenant, options), undefined, undefined);
  boundHeap();
  await tenant.checkOwner(options);
  // Before anything is written.
  const mayDelete = await world.database.transaction(
    (tx) => clockIsPlausible(tx, world.clock(), margins),
    options,
  );
  await world.store.sweep(INTENT_LIFE, options);
  await using intent = await Announcement.toCollect(world, tenant.id, options);
  const surveyed = await survey(world, tenant, options);
  const rewritten = await rewrite(world, tenant, intent, surveyed, options);
  await world.database.transaction(async (tx) => {
    await intent.check(tx);
    await condemn(tx, world, tenant, surveyed, rewritten);
    await restartMargins(tx, world, tenant, mayDelete);
  }, options);
  const place = { world, tenant, intent, margins: mayDelete ? margins : { ...margins, deletion: Infinity } };
  const marked = withoutMoved(surveyed, rewritten);
  const deleted = await deleteCondemned(place, marked, surveyed.inventory.loose, options);
  return collected(surveyed, rewritten, deleted);
}

interface Survey {
  readonly inventory: Inventory;
  readonly marked: Marked;
  readonly plan: CollectionPlan;
  /** Packs that were condemned, and that a snapshot needs. In hex. */
  readonly rescued: readonly string[];
  /** Leftovers that are not condemned already. */
  readonly orphans: readonly Orphan[];
}

async function survey(world: VaultWorld, tenant: TenantVault, options: CollectOptions): Promise<Survey> {
  const roots = await rootsOf(world, tenant.id);
  const { inventory, index } = await takeInventory(world, tenant.id, () => tenant.index(options), options);
  const marked = await markRoots(world, tenant, roots, index, options);
  const { usages } = marked;
  const known = new Set((await condemnedOf(world.database.kysely, tenant.id)).map(({ id }) => id));
  const suspects = new Set((await suspectsOf(world.database.kysely, tenant.id)).map(({ id }) => id));
  // Nothing is read from a suspect that need not be: it goes when nothing in it is needed, and stays as it is until then.
  const plan = planCollection(
    usages.filter((usage) => {
      const id = toHex(usage.pack);
      return !known.has(id) && !(suspects.has(id) && isNeeded(usage));
    }),
  );
  const rescued = [...idsOf(usages.filter(isNeeded))].filter((id) => known.has(id));
  const orphans = inventory.orphans.filter(({ id }) => !known.has(id));
  return { inventory, marked, plan, rescued, orphans };
}

async function rewrite(
  world: VaultWorld,
  tenant: TenantVault,
  intent: Announcement,
  { plan, marked }: Survey,
  options: CollectOptions,
): Promise<Rewritten | undefined> {
  const packs = idsOf(plan.rewritten);
  if (packs.size === 0) return undefined;
  return rewritePacks(world, tenant.keyring, intent.id, { ...marked, packs }, options);
}

/** What is written anew is needed in its new place alone, once the segment that tells of that is in force. */
function withoutMoved({ marked, plan }: Survey, rewritten: Rewritten | undefined): Marked {
  if (rewritten === undefined) return marked;
  const moved = new Set(movedPacks(plan, rewritten).map(({ pack }) => toHex(pack)));
  return { ...marked, usages: marked.usages.filter(({ pack }) => !moved.has(toHex(pack))) };
}

/** Those that could be read to their end. */
function movedPacks(plan: CollectionPlan, rewritten: Rewritten | undefined): readonly PackUsage[] {
  return plan.rewritten.filter(({ pack }) => rewritten?.unreadable.has(toHex(pack)) !== true);
}

/** Begins an epoch, if there is anything to condemn in it: nothing that a save which is alive has sent or taken over. */
async function condemn(
  tx: Transaction,
  world: VaultWorld,
  tenant: TenantVault,
  { plan, rescued, orphans, marked: { index } }: Survey,
  rewritten: Rewritten | undefined,
): Promise<void> {
  for (const id of rescued) await tx.deleteFrom('condemned').where('id', '=', id).execute();
  const segment = rewritten?.written.segment;
  if (segment !== undefined) await addSegment(tx, world, tenant.id, segment);
  const moved = movedPacks(plan, rewritten);
  const held = await heldPacks(tx, tenant.id, world.clock());
  const rows: Pick<CondemnedTable, 'id' | 'kind' | 'reason' | 'size'>[] = [
    ...plan.dead.map((usage) => ({ ...rowOf(usage), reason: 'dead' as const })),
    ...moved.map((usage) => ({ ...rowOf(usage), reason: 'moved' as const })),
    ...orphans.map((orphan) => ({ ...orphan, reason: 'orphan' as const })),
  ].filter(({ id }) => !held.has(id));
  // What is condemned no save takes over any more, and what is in force none has to.
  const over = new Set(rows.map(({ id }) => id));
  const isInForce = (id: string) => index.data.hasPack(id) || index.tree.hasPack(id);
  await forgetSent(tx, tenant.id, (id) => over.has(id) || (isInForce(id) && !held.has(id)));
  if (rows.length === 0) return;
  const epoch = await nextEpoch(tx, tenant.id);
  const since = world.clock();
  for (const row of rows)
    await tx
      .insertInto('condemned')
      .values({ ...row, tenant: toHex(tenant.id), epoch, since })
      .execute();
}

/**
 * By a clock that is not believed all of them: the next collection finds it written down, and believes it. By one that is, those that were
 * written down while it was ahead.
 */
async function restartMargins(
  tx: Transaction,
  { clock }: VaultWorld,
  { id }: TenantVault,
  isBelieved: boolean,
): Promise<void> {
  const since = clock();
  let rows = tx.updateTable('condemned').set({ since }).where('tenant', '=', toHex(id));
  if (isBelieved) rows = rows.where('since', '>', since);
  await rows.execute();
}

function rowOf({ type, pack, stored }: PackUsage): Pick<CondemnedTable, 'id' | 'kind' | 'size'> {
  return { id: toHex(pack), kind: type, size: stored };
}

function collected(
  { inventory, marked, plan, orphans }: Survey,
  rewritten: Rewritten | undefined,
  deleted: Awaited<ReturnType<typeof deleteCondemned>> | undefined,
): Collected {
  const sum = (sizes: readonly number[]) => ({
    objects: sizes.length,
    bytes: sizes.reduce((a, b) => a + b, 0),
  });
  return {
    storedBytes: inventory.bytes,
    liveBytes: Math.round(marked.usages.reduce((total, { live }) => total + live, 0)),
    condemned: {
      dead: sum(plan.dead.map(({ stored }) => stored)),
      moved: sum(plan.rewritten.map(({ stored }) => stored)),
      orphan: sum(orphans.map(({ size }) => size)),
    },
    deletedObjects: deleted?.objects ?? 0,
    deletedBytes: deleted?.bytes ?? 0,
    rewrittenBytes: rewritten?.written.storedBytes ?? 0,
    waiting: deleted?.waiting ?? [],
  };
}
