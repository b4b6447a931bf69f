/** Tenants from their key records, for a home that has lost its database. */

import { StrataError, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { KEYS_PREFIX, parseName, tenantPrefix } from './names.ts';
import type { TenantId } from './names.ts';
import type { KeysRecord } from './keys-record.ts';
import type { Vault } from './vault.ts';

/** Writes a row for every tenant in the store that has none. @returns the names of all tenants. @throws wrong_key, integrity */
export async function adoptTenants(vault: Vault, options: Cancellable = {}): Promise<readonly string[]> {
  const { database, clock } = vault.world;
  const records: KeysRecord[] = [];
  for (const { tenant, numbers } of await listKeys(vault, options)) {
    const record = await latestReadable(vault, tenant, numbers, options);
    await catchUp(vault, record, options);
    records.push(record);
  }
  // Two processes that made one tenant at a time may have left a second record of its name, and nothing under it.
  const inUse = new Set<KeysRecord>();
  for (const record of records) if (await hasObjects(vault, record.tenant, options)) inUse.add(record);
  for (const record of records.sort((a, b) => Number(inUse.has(b)) - Number(inUse.has(a)))) {
    await database.kysely
      .insertInto('tenants')
      .values({
        id: toHex(record.tenant),
        name: record.name,
        key_seq: record.number,
        created: record.versions[0]?.created ?? clock(),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
  const rows = await database.kysely.selectFrom('tenants').select('name').orderBy('name').execute();
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

interface TenantKeys {
  readonly tenant: TenantId;
  /** Ascending. */
  readonly numbers: number[];
}

async function listKeys({ world: { store } }: Vault, options: Cancellable): Promise<Iterable<TenantKeys>> {
  const found = new Map<string, TenantKeys>();
  for await (const { name } of store.list(KEYS_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind !== 'keys') continue;
    const { tenant, number } = parsed;
    const known = found.get(toHex(tenant));
    if (known === undefined) found.set(toHex(tenant), { tenant, numbers: [number] });
    else known.numbers.push(number);
  }
  return found.values();
}

/** A rotation that was cut off leaves records that only a key opens which nobody has any more: an earlier one says the same. */
async function latestReadable(
  vault: Vault,
  tenant: TenantId,
  numbers: readonly number[],
  options: Cancellable,
): Promise<KeysRecord> {
  for (const number of numbers.toReversed()) {
    try {
      return await vault.readKeys(tenant, number, options);
    } catch (error) {
      if (!isStrataError(error, 'wrong_key') || number === numbers[0]) throw error;
    }
  }
  throw new StrataError('internal', 'a tenant without key records was listed');
}

async function hasObjects(
  { world: { store } }: Vault,
  tenant: TenantId,
  options: Cancellable,
): Promise<boolean> {
  for await (const _ of store.list(tenantPrefix(tenant), options)) return true;
  return false;
}
