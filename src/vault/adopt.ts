/** Tenants from their key records, for a home that has lost its database. */

import { toHex } from '../base/index.ts';
import type { StoreOptions } from '../store/index.ts';
import { KEYS_PREFIX, parseName } from './names.ts';
import type { TenantId } from './names.ts';
import type { Vault } from './vault.ts';

/** Writes a row for every tenant in the store that has none. @returns the names of all tenants. @throws wrong_key, integrity */
export async function adoptTenants(vault: Vault, options: StoreOptions = {}): Promise<readonly string[]> {
  const { store, database, clock } = vault.world;
  const latest = new Map<string, { readonly tenant: TenantId; readonly number: number }>();
  // Listed in ascending order: the last record of a tenant wins.
  for await (const { name } of store.list(KEYS_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'keys') latest.set(toHex(parsed.tenant), parsed);
  }
  for (const [id, { tenant, number }] of latest) {
    const record = await vault.readKeys(tenant, number, options);
    await database.kysely
      .insertInto('tenants')
      .values({ id, name: record.name, key_seq: number, created: record.versions[0]?.created ?? clock() })
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
  const rows = await database.kysely.selectFrom('tenants').select('name').orderBy('name').execute();
  return rows.map((row) => row.name);
}
