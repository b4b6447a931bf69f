/** The row that says who this home is, and which store it belongs to. */

import { toHex } from '../base/index.ts';
import { ID_BYTES } from '../chunk/index.ts';
import type { Database } from '../db/index.ts';
import { idOf } from './names.ts';
import type { VaultWorld } from './world.ts';

export type HomeRole = 'owner' | 'reader';

export interface Home {
  readonly id: Uint8Array;
  readonly store: Uint8Array;
  /** Number of the owner record that is known to name it; 0: none. */
  readonly owner: number;
  readonly role: HomeRole;
}

/** Stands for a home that is not known yet. */
export const NO_HOME = new Uint8Array(ID_BYTES);

export async function readHome({ kysely }: Pick<Database, 'kysely'>): Promise<Home | undefined> {
  const row = await kysely.selectFrom('home').selectAll().executeTakeFirst();
  return row && { id: idOf(row.id), store: idOf(row.store), owner: row.owner, role: row.role };
}

/** @returns the home that another process made, if it was faster */
export function putHome(
  { database, random, clock }: VaultWorld,
  store: Uint8Array,
  role: HomeRole,
): Promise<Home> {
  const id = random(ID_BYTES);
  return database.transaction(async (tx) => {
    const known = await readHome({ kysely: tx });
    if (known !== undefined) return known;
    const row = { id: toHex(id), store: toHex(store), owner: 0, role, created: clock() };
    await tx.insertInto('home').values(row).execute();
    return { id, store, owner: 0, role };
  });
}

/** What is known of who owns the store. */
export async function noteOwner(
  { kysely }: Pick<Database, 'kysely'>,
  home: Uint8Array,
  owner: number,
): Promise<void> {
  await kysely.updateTable('home').set({ owner, role: 'owner' }).where('id', '=', toHex(home)).execute();
}

export async function knowsTenants({ kysely }: Pick<Database, 'kysely'>): Promise<boolean> {
  return (await kysely.selectFrom('tenants').select('id').limit(1).executeTakeFirst()) !== undefined;
}
