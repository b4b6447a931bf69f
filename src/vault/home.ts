/** The row that says who this home is in a region, and which store that is. */

import { StrataError, toHex } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Database } from '../db/index.ts';
import { idOf } from './names.ts';
import type { VaultWorld } from './world.ts';

/** `taker`: on the way to own what was another home's. */
export type HomeRole = 'owner' | 'reader' | 'taker';

export interface Home {
  readonly id: Uint8Array;
  readonly store: Uint8Array;
  /** Number of the owner record that is known to name it; 0: none. */
  readonly owner: number;
  readonly role: HomeRole;
}

/** Stands for a home that is not known yet. */
export const NO_HOME = new Uint8Array(ID_BYTES);

interface Region {
  readonly database: Pick<Database, 'kysely'>;
  readonly region: string;
}

export async function readHome({ database: { kysely }, region }: Region): Promise<Home | undefined> {
  const row = await kysely.selectFrom('home').selectAll().where('region', '=', region).executeTakeFirst();
  return row && { id: idOf(row.id), store: idOf(row.store), owner: row.owner, role: row.role };
}

/** Names of all regions that have a store, in their order. */
export async function storedRegions({ kysely }: Pick<Database, 'kysely'>): Promise<readonly string[]> {
  const rows = await kysely.selectFrom('home').select('region').orderBy('region').execute();
  return rows.map(({ region }) => region);
}

/**
 * A store that was one region, and that another name leads to now: its tenants would be there twice.
 *
 * @throws refused
 */
export async function checkRegion(
  { database: { kysely }, region, store: { label } }: Region & Pick<VaultWorld, 'store'>,
  store: Uint8Array,
): Promise<void> {
  const row = await kysely
    .selectFrom('home')
    .select('region')
    .where('store', '=', toHex(store))
    .executeTakeFirst();
  if (row === undefined || row.region === region) return;
  throw new StrataError('refused', `${label} is the region ${row.region} of this home, not ${region}`, {
    hint: 'Regions keep their names, and each has a store of its own: correct the configuration.',
    details: { region: row.region },
  });
}

/** @returns the home that another process made, if it was faster. @throws as `checkRegion` */
export function putHome(world: VaultWorld, store: Uint8Array, role: HomeRole): Promise<Home> {
  const { database, random, clock, region } = world;
  const id = random(ID_BYTES);
  return database.transaction(async (tx) => {
    const within = { ...world, database: { kysely: tx } };
    const known = await readHome(within);
    if (known !== undefined) return known;
    await checkRegion(within, store);
    const row = { region, id: toHex(id), store: toHex(store), owner: 0, role, created: clock() };
    await tx.insertInto('home').values(row).execute();
    return { id, store, owner: 0, role };
  });
}

/**
 * What is known of who owns the store: this home does.
 *
 * @param from as what it was known until now; undefined: that is of no matter
 */
export async function noteOwner(
  { kysely }: Pick<Database, 'kysely'>,
  home: Uint8Array,
  owner: number,
  from?: HomeRole,
): Promise<void> {
  const update = kysely.updateTable('home').set({ owner, role: 'owner' }).where('id', '=', toHex(home));
  await (from === undefined ? update : update.where('role', '=', from)).execute();
}

/** `taker` is noted before the owner record names this home: a take-over that is cut off is known as one. */
export async function noteRole(
  { kysely }: Pick<Database, 'kysely'>,
  home: Uint8Array,
  role: HomeRole,
): Promise<void> {
  await kysely.updateTable('home').set({ role }).where('id', '=', toHex(home)).execute();
}

/** Whether another home owns the store, or did when this one last looked: what is known of it here may have been replaced since. */
export async function isForeign(region: Region): Promise<boolean> {
  const role = (await readHome(region))?.role;
  return role === 'reader' || role === 'taker';
}

export async function knowsTenants({ database: { kysely }, region }: Region): Promise<boolean> {
  const row = await kysely
    .selectFrom('tenants')
    .select('id')
    .where('region', '=', region)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}
