/** A new root key: every record that the old one seals is sealed again, then the old records go. */

import { StrataError, equalBytes, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { KEYS_PREFIX, idOf, keysIdentity, ownerIdentity, parseName } from './names.ts';
import type { TenantId } from './names.ts';
import { listKeyNumbers, listOwnerNumbers } from './listing.ts';
import { latestReadableOwner, ownedByAnother, putOwner } from './owner.ts';
import { encodeKeys } from './keys-record.ts';
import { rootSealingKey } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import { putRecord } from './sealed-object.ts';
import type { Vault } from './vault.ts';

/**
 * Seals the key records of all tenants, and the owner's, under new numbers with a new root key. The vault still has the old one
 * afterwards: open it again.
 *
 * @param secret can be found again, beside the old one, from before this is called
 * @param activate forgets the old one
 * @throws refused if tenants or keys changed meanwhile: nothing is forgotten; not_ours if another home has taken the store over
 */
export async function rotateRoot(
  vault: Vault,
  secret: RootSecret,
  activate: () => Promise<void>,
  options: Cancellable = {},
): Promise<void> {
  const { store, database, random, clock } = vault.world;
  const key = rootSealingKey(secret);
  // A rotation that was cut off has used numbers that the database knows nothing of.
  const usedKeys = await listKeyNumbers(store, options);
  const usedOwners = await listOwnerNumbers(store, options);
  const owner = await latestReadableOwner(store, vault.findRootKey, options);
  if (owner !== undefined && !equalBytes(owner.home, vault.homeId)) throw ownedByAnother(store.label);
  const rows = await database.kysely.selectFrom('tenants').selectAll().execute();
  const numbers = new Map<string, number>();
  for (const row of rows) {
    const tenant = idOf<TenantId>(row.id);
    const record = await vault.readKeys(tenant, row.key_seq, options);
    const number = (usedKeys.get(row.id)?.numbers.at(-1) ?? row.key_seq) + 1;
    const plain = encodeKeys({ ...record, number });
    expectCreated(await putRecord(store, key, keysIdentity(tenant, number), plain, random, options));
    numbers.set(row.id, number);
  }
  const next = { number: (usedOwners.at(-1) ?? 0) + 1, home: vault.homeId, since: clock() };
  expectCreated(await putOwner(vault.world, key, next, options));
  // From here on the new key is needed, and only after this may the old one be forgotten.
  await database.transaction(async (tx) => {
    // A tenant made meanwhile, or keys that another rotation sealed, would be lost with the key that is forgotten.
    const now = await tx.selectFrom('tenants').select(['id', 'key_seq']).execute();
    const isSame = ({ id, key_seq }: (typeof now)[number]) =>
      rows.some((row) => row.id === id && row.key_seq === key_seq);
    if (now.length !== rows.length || !now.every(isSame)) throw changedMeanwhile();
    for (const [id, number] of numbers)
      await tx.updateTable('tenants').set({ key_seq: number }).where('id', '=', id).execute();
    // So that whoever is under way, and has only the old key, does not take the new record for that of another home.
    await tx.updateTable('home').set({ owner: next.number }).execute();
  });
  await activate();
  // A record that only the old key opens would be of no use to anyone but its finder.
  for await (const { name } of store.list(KEYS_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'keys' && parsed.number < (numbers.get(toHex(parsed.tenant)) ?? 0))
      await store.delete(name);
  }
  for (const number of usedOwners) await store.delete(ownerIdentity(number).name);
}

/** A number that is taken was taken by another rotation, which may seal with another key. */
function expectCreated(outcome: 'created' | 'exists'): void {
  if (outcome === 'exists') throw changedMeanwhile();
}

function changedMeanwhile(): StrataError {
  return new StrataError(
    'refused',
    'keys or tenants of the store were changed while its root key was replaced',
    {
      hint: 'The old root key is still in force. Run the command again when nothing else is running.',
    },
  );
}
