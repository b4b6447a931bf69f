/** The keys of one tenant: another one for what is sealed from now on, or none at all any more. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { KeysRecord } from './keys-record.ts';
import { listKeyNumbers } from './listing.ts';
import { idOf, keysIdentity, tenantPrefix } from './names.ts';
import type { TenantId } from './names.ts';
import { ROOT_KEY_BYTES } from './root-key.ts';
import type { Vault } from './vault.ts';

/**
 * Seals with a new key from now on. What is stored already stays as it is, and its key stays in the record; saves that are under way
 * go on with the key that they began with.
 *
 * @returns how many keys the tenant has now
 * @throws not_found; refused if its keys were changed meanwhile
 */
export async function rotateTenant(vault: Vault, name: string, options: Cancellable = {}): Promise<number> {
  const { store, database, random, clock } = vault.world;
  await vault.checkOwner(options);
  const { tenant, record } = await find(vault, name, options);
  const numbers = (await listKeyNumbers(store, options)).get(toHex(tenant))?.numbers ?? [];
  const version = record.versions.at(-1)!.version + 1;
  const next: KeysRecord = {
    ...record,
    number: Math.max(record.number, ...numbers) + 1,
    versions: [...record.versions, { version, secret: random(ROOT_KEY_BYTES), created: clock() }],
  };
  if ((await vault.putKeys(next, options)) === 'exists') throw changedMeanwhile(name);
  const updated = await database.kysely
    .updateTable('tenants')
    .set({ key_seq: next.number })
    .where('id', '=', toHex(tenant))
    .where('key_seq', '=', record.number)
    .executeTakeFirst();
  if (updated.numUpdatedRows === 0n) {
    await store.delete(keysIdentity(tenant, next.number).name);
    throw changedMeanwhile(name);
  }
  await store.delete(keysIdentity(tenant, record.number).name);
  return next.versions.length;
}

/**
 * Destroys the keys of a tenant: nothing of it can be read by anybody again. Then its objects go too; cut off before, the next
 * collection goes on with them.
 *
 * @throws not_found
 */
export async function destroyTenant(vault: Vault, name: string, options: Cancellable = {}): Promise<void> {
  const { database, clock, region } = vault.world;
  await vault.checkOwner(options);
  await database.transaction(async (tx) => {
    const row = await tx
      .selectFrom('tenants')
      .select('id')
      .where('region', '=', region)
      .where('name', '=', name)
      .executeTakeFirst();
    if (row === undefined) throw noTenant(name);
    const workspaces = tx.selectFrom('workspaces').select('id').where('tenant', '=', row.id);
    await tx.deleteFrom('snapshots').where('workspace', 'in', workspaces).execute();
    const runs = tx.selectFrom('runs').select('id').where('tenant', '=', row.id);
    const tasks = tx.selectFrom('tasks').select('id').where('run', 'in', runs);
    await tx.deleteFrom('task_layers').where('task', 'in', tasks).execute();
    await tx.deleteFrom('tasks').where('run', 'in', runs).execute();
    for (const table of [
      'runs',
      'caches',
      'layers',
      'workspaces',
      'intents',
      'segments',
      'condemned',
      'suspects',
      'sent_packs',
      'removed_heads',
    ] as const)
      await tx.deleteFrom(table).where('tenant', '=', row.id).execute();
    await tx.deleteFrom('tenants').where('id', '=', row.id).execute();
    // Those of all regions are under one name, and so would those of a new tenant be.
    const elsewhere = await tx.selectFrom('tenants').select('id').where('name', '=', name).executeTakeFirst();
    if (elsewhere === undefined) await tx.deleteFrom('events').where('tenant', '=', name).execute();
    await tx.insertInto('destroyed').values({ id: row.id, region, destroyed: clock() }).execute();
  }, options);
  await sweepDestroyed(vault, options);
}

/** Deletes what is left of destroyed tenants, their keys first. */
export async function sweepDestroyed(vault: Vault, options: Cancellable = {}): Promise<void> {
  const { store, database, region } = vault.world;
  const rows = await database.kysely
    .selectFrom('destroyed')
    .selectAll()
    .where('region', '=', region)
    .execute();
  for (const { id } of rows) {
    const tenant = idOf<TenantId>(id);
    await vault.checkOwner(options);
    const numbers = (await listKeyNumbers(store, options)).get(id)?.numbers ?? [];
    for (const number of numbers) await store.delete(keysIdentity(tenant, number).name, options);
    const left: string[] = [];
    for await (const object of store.list(tenantPrefix(tenant), options)) left.push(object.name);
    for (const object of left) await store.delete(object, options);
    // A save that was under way may still put an object, and a row; it can never commit, and a later sweep finds both.
    await database.kysely.deleteFrom('sent_packs').where('tenant', '=', id).execute();
    if (left.length === 0 && numbers.length === 0)
      await database.kysely.deleteFrom('destroyed').where('id', '=', id).execute();
  }
}

async function find(
  vault: Vault,
  name: string,
  options: Cancellable,
): Promise<{ readonly tenant: TenantId; readonly record: KeysRecord }> {
  const row = await vault.world.database.kysely
    .selectFrom('tenants')
    .select(['id', 'key_seq'])
    .where('region', '=', vault.world.region)
    .where('name', '=', name)
    .executeTakeFirst();
  if (row === undefined) throw noTenant(name);
  const tenant = idOf<TenantId>(row.id);
  return { tenant, record: await vault.readKeys(tenant, row.key_seq, options) };
}

function noTenant(name: string): StrataError {
  return new StrataError('not_found', `there is no tenant ${name}`, {
    hint: '`strata keys status` lists the tenants that there are.',
    details: { tenant: name },
  });
}

function changedMeanwhile(name: string): StrataError {
  return new StrataError('refused', `the keys of tenant ${name} were changed by another process`, {
    hint: 'Look at `strata keys status`, then run the command again if it is still wanted.',
  });
}
