/** Tenants from their key records, for a home that has lost its database. */

import { isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { holdsAny, listKeyNumbers, newestReadable } from './listing.ts';
import { tenantPrefix } from './names.ts';
import type { KeysRecord } from './keys-record.ts';
import { FIRST_EPOCH } from './vault.ts';
import type { Vault } from './vault.ts';

/** Writes a row for every tenant in the store that has none. @returns the names of all tenants. @throws wrong_key, integrity */
export async function adoptTenants(vault: Vault, options: Cancellable = {}): Promise<readonly string[]> {
  const { store, database, clock, region } = vault.world;
  const records: KeysRecord[] = [];
  for (const { tenant, numbers } of (await listKeyNumbers(store, options)).values()) {
    const record = await newestReadable(numbers, (number) => vault.readKeys(tenant, number, options));
    if (record === undefined) continue;
    await catchUp(vault, record, options);
    records.push(record);
  }
  // Two processes that made one tenant at a time may have left a second record of its name, and nothing under it.
  const inUse = new Set<KeysRecord>();
  for (const record of records)
    if (await holdsAny(store, tenantPrefix(record.tenant), options)) inUse.add(record);
  for (const record of records.sort((a, b) => Number(inUse.has(b)) - Number(inUse.has(a)))) {
    await database.kysely
      .insertInto('tenants')
      .values({
        id: toHex(record.tenant),
        region,
        name: record.name,
        key_seq: record.number,
        created: record.versions[0]?.created ?? clock(),
        epoch: FIRST_EPOCH,
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const rows = await database.kysely
    .selectFrom('tenants')
    .select('name')
    .where('region', '=', region)
    .orderBy('name')
    .execute();
  return rows.map((row) => row.name);
}

/** An older database that was put back names a record that a rotation has replaced since. */
async function catchUp(vault: Vault, { tenant, number }: KeysRecord, options: Cancellable): Promise<void> {
  const { kysely } = vault.world.database;
  const id = toHex(tenant);
  const row = await kysely.selectFrom('tenants').select('key_seq').where('id', '=', id).executeTakeFirst();
  if (row === undefined || row.key_seq === number) return;
  try {
    await vault.readKeys(tenant, row.key_seq, options);
  } catch (error) {
    if (!isStrataError(error, 'integrity') && !isStrataError(error, 'wrong_key')) throw error;
    await kysely.updateTable('tenants').set({ key_seq: number }).where('id', '=', id).execute();
  }
}
