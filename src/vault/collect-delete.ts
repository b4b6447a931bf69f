/** The last step of a collection: what is condemned goes, as far as nobody can need it any more. */

import { ahead, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { CondemnedTable, Transaction } from '../db/index.ts';
import { announced } from './announce.ts';
import type { Announcement } from './announce.ts';
import { condemnedOf } from './apart.ts';
import { atOnce } from './at-once.ts';
import { idsOf } from './collect-plan.ts';
import type { Margins } from './margins.ts';
import { PACK_TYPES, idOf, packIdentity, segmentIdentity } from './names.ts';
import type { PackId, SegmentId, TenantId } from './names.ts';
import { markRoots, readRootsOf, rootsOf } from './roots.ts';
import type { Marked, ReadRoot } from './roots.ts';
import { isInForce, replaceSegments, segmentInForce, segmentRows } from './segments-in-force.ts';
import type { SegmentRow } from './segments-in-force.ts';
import type { EncodedTable } from './table.ts';
import type { TenantVault } from './tenant.ts';
import { isNeeded, packsWith } from './usage.ts';
import { waitingTogether } from './waiting.ts';
import type { Waiting } from './waiting.ts';
import type { VaultWorld } from './world.ts';

/** Objects that are deleted between two looks at who owns the store. */
const BATCH = 256;

export interface Place {
  readonly world: VaultWorld;
  readonly tenant: TenantVault;
  readonly intent: Announcement;
  readonly margins: Margins;
}

export interface Deleted {
  readonly objects: number;
  readonly bytes: number;
  readonly waiting: readonly Waiting[];
}

/**
 * @param marked from before the objects were condemned, without what was written anew since
 * @param loose names of objects that nothing can need
 */
export async function deleteCondemned(
  place: Place,
  marked: Marked,
  loose: readonly string[],
  options: Cancellable,
): Promise<Deleted> {
  const { world, tenant, intent } = place;
  const { due, waiting: held } = await findDue(place);
  // What has ended before this line was committed before it, so it shows among the snapshots.
  const { doomed, waiting: read } = await withoutNeeded(place, due, marked, options);
  // Heads first: what the store alone tells of must not need what is gone.
  await takeAway(place, loose, options);
  await leaveIndex(place, new Set(doomed.map(({ id }) => id)), options);
  const objects = doomed.map((row) => ({ row, name: nameOf(tenant.id, row) }));
  for (let at = 0; at < objects.length; at += BATCH) {
    const batch = objects.slice(at, at + BATCH);
    const names = batch.map(({ name }) => name);
    await takeAway(place, names, options);
    const ids = batch.map(({ row }) => row.id);
    await world.database.transaction(async (tx) => {
      // Else an index that somebody has rebuilt meanwhile may tell of what is gone, and this row is all that warns of it.
      await intent.check(tx);
      await tx.deleteFrom('condemned').where('id', 'in', ids).execute();
      await tx.deleteFrom('suspects').where('id', 'in', ids).execute();
    }, options);
  }
  const bytes = doomed.reduce((sum, { size }) => sum + size, 0);
  return { objects: doomed.length + loose.length, bytes, waiting: waitingTogether([...held, ...read]) };
}

/** Deletes objects, if this home still owns the store and nobody took this collection for dead. */
async function takeAway(
  { world, tenant, intent }: Place,
  names: readonly string[],
  options: Cancellable,
): Promise<void> {
  if (names.length === 0) return;
  await tenant.checkOwner(options);
  await world.database.transaction((tx) => intent.check(tx), options);
  const { store } = world;
  for await (const _ of ahead(names, atOnce(store), (name) => store.delete(name, options)));
}

/** What may go by now, if no snapshot needs it. */
async function findDue({ world, tenant, intent, margins }: Place): Promise<{
  readonly due: readonly CondemnedTable[];
  readonly waiting: readonly Waiting[];
}> {
  const rows = await condemnedOf(world.database.kysely, tenant.id);
  const others = (await announced(world, tenant.id)).filter(({ id }) => toHex(id) !== toHex(intent.id));
  const now = world.clock();
  const due: CondemnedTable[] = [];
  const waiting: Waiting[] = [];
  for (const row of rows) {
    // Whatever began in the epoch of the condemnation, or later, has never seen it in the index.
    const holder = others.find(({ epoch }) => epoch < row.epoch);
    const until = holder?.expires ?? row.since + margins.deletion;
    if (holder === undefined && until <= now) due.push(row);
    else waiting.push({ for: holder?.kind ?? 'margin', objects: 1, bytes: row.size, until });
  }
  return { due, waiting };
}

/**
 * Takes back the condemnation of what snapshots need that were committed meanwhile, and puts off what is still read: of those that were
 * forgotten since, and of those that have a copy elsewhere by now, which a reader may not have seen.
 */
async function withoutNeeded(
  { world, tenant, intent }: Place,
  due: readonly CondemnedTable[],
  marked: Marked,
  options: Cancellable,
): Promise<{ readonly doomed: readonly CondemnedTable[]; readonly waiting: readonly Waiting[] }> {
  if (due.length === 0) return { doomed: [], waiting: [] };
  const roots = await rootsOf(world, tenant.id);
  // After the snapshots: of one that is forgotten between the two, the readers are here.
  const read = await readRootsOf(world, tenant.id);
  const isNew = roots.some(({ id }) => !marked.snapshots.has(id));
  const { usages } = isNew
    ? await markRoots(world, tenant, roots, await tenant.index(options), options)
    : marked;
  const needed = idsOf(usages.filter(isNeeded));
  const doomed: CondemnedTable[] = [];
  const rescued: string[] = [];
  for (const row of due) {
    const stays = row.kind === 'index' ? await isInForce(world, idOf<SegmentId>(row.id)) : needed.has(row.id);
    if (stays) rescued.push(row.id);
    else doomed.push(row);
  }
  if (rescued.length > 0)
    await world.database.transaction(async (tx) => {
      // A collector that was taken for dead knows nothing of what another one deletes by now.
      await intent.check(tx);
      for (const id of rescued) await tx.deleteFrom('condemned').where('id', '=', id).execute();
    }, options);
  return putOff({ world, tenant }, doomed, read, options);
}

/** Tells what may be read where it is from the rest. */
async function putOff(
  { world, tenant }: Pick<Place, 'world' | 'tenant'>,
  due: readonly CondemnedTable[],
  read: readonly ReadRoot[],
  options: Cancellable,
): Promise<{ readonly doomed: readonly CondemnedTable[]; readonly waiting: readonly Waiting[] }> {
  if (due.length === 0 || read.length === 0) return { doomed: due, waiting: [] };
  const index = await tenant.index(options);
  const roots = read.map(({ root }) => root);
  const { marks } = await markRoots(world, tenant, roots, index, options);
  // Where a reader has found a chunk depends on when it looked, so each copy counts.
  const kept = new Set(PACK_TYPES.flatMap((type) => packsWith(index[type], marks[type])));
  const until = Math.max(...read.map(({ expires }) => expires));
  const waiting = due
    .filter(({ id }) => kept.has(id))
    .map(({ size }) => ({ for: 'read' as const, objects: 1, bytes: size, until }));
  return { doomed: due.filter(({ id }) => !kept.has(id)), waiting };
}

/** Puts segments into force that no longer tell of the packs. */
async function leaveIndex(
  { world, tenant, intent }: Place,
  packs: ReadonlySet<string>,
  options: Cancellable,
): Promise<void> {
  if (packs.size === 0) return;
  rounds: for (;;) {
    const replaced: SegmentRow[] = [];
    const tables = new Map<string, EncodedTable>();
    for (const row of await segmentRows(world, tenant.id)) {
      const segment = await segmentInForce(world, tenant.keyring, row.segment, options);
      // Merged with others a moment ago; the next round finds what took its place.
      if (segment === undefined) continue rounds;
      if (!segment.tables.some(({ pack }) => packs.has(toHex(pack)))) continue;
      replaced.push(row);
      for (const table of segment.tables)
        if (!packs.has(toHex(table.pack))) tables.set(toHex(table.pack), table);
    }
    if (replaced.length === 0) return;
    // A save may have merged one of them meanwhile.
    const within = (tx: Transaction) => intent.check(tx);
    const isDone = await replaceSegments(
      world,
      tenant.keyring,
      replaced,
      [...tables.values()],
      within,
      options,
    );
    if (!isDone) continue;
    for (const { segment } of replaced)
      await world.store.delete(segmentIdentity(tenant.id, segment).name, options);
    return;
  }
}

function nameOf(tenant: TenantId, { id, kind }: CondemnedTable): string {
  if (kind === 'index') return segmentIdentity(tenant, idOf<SegmentId>(id)).name;
  return packIdentity(tenant, kind, idOf<PackId>(id)).name;
}
