/** A new root key: every record that the old one seals is sealed again, in each store of the home, then the old records go. */

import { StrataError, equalBytes, isStrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Database, Transaction } from '../db/index.ts';
import { storedRegions } from './home.ts';
import { KEYS_PREFIX, idOf, keysIdentity, ownerIdentity, parseName } from './names.ts';
import type { TenantId } from './names.ts';
import { listKeyNumbers, listOwnerNumbers } from './listing.ts';
import { latestReadableOwner, ownedByAnother, putOwner } from './owner.ts';
import { encodeKeys } from './keys-record.ts';
import { rootSealingKey } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import { putRecord } from './sealed-object.ts';
import type { Vault } from './vault.ts';

/** One store of a home, and the new root key of it. Stores with a passphrase have different ones. */
export interface RotatedStore {
  /** Has the old key, and the new one too if a rotation was cut off before. */
  readonly vault: Vault;
  /** Can be found again, beside the old one, from before the rotation begins. */
  readonly secret: RootSecret;
}

/**
 * Seals the key records of all tenants, and the owner's, under new numbers with a new root key, in each store of a home. The vaults
 * still have the old one afterwards: open them again.
 *
 * @param activate forgets the old one, when no store needs it any more
 * @throws refused if tenants, keys or regions changed meanwhile: nothing is forgotten; not_ours if another home has taken a store over.
 *   If some stores are done by then, the message names them; a second run completes it
 */
export async function rotateRoot(
  stores: readonly RotatedStore[],
  activate: () => Promise<void>,
  options: Cancellable = {},
): Promise<void> {
  // What one of them can refuse is found before anything is changed.
  for (const { vault } of stores) await vault.checkOwner(options);
  const done: { readonly vault: Vault; readonly sealed: SealedAnew }[] = [];
  for (const { vault, secret } of stores) {
    try {
      done.push({ vault, sealed: await sealAnew(vault, secret, options) });
    } catch (error) {
      throw partlyDone(error, regionsOf(done), vault.world.region);
    }
  }
  const [first] = stores;
  if (first === undefined) return activate();
  // Whoever makes a region looks for its key again after this: so either it is seen here, or the key that it has is seen to be the old one.
  await first.vault.world.database.transaction(async (tx) => {
    const known = await storedRegions({ kysely: tx });
    if (known.some((region) => !regionsOf(done).includes(region))) throw changedMeanwhile();
    await activate();
  });
  for (const { vault, sealed } of done) await deleteOld(vault, sealed);
}

/** What is in force in a store by now, and the owner records that it stands for. */
interface SealedAnew {
  /** Of key records, by tenant in hex. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly usedOwners: readonly number[];
}

async function sealAnew(vault: Vault, secret: RootSecret, options: Cancellable): Promise<SealedAnew> {
  const { store, database, random, clock, region } = vault.world;
  const key = rootSealingKey(secret);
  // A rotation that was cut off has used numbers that the database knows nothing of.
  const usedKeys = await listKeyNumbers(store, options);
  const usedOwners = await listOwnerNumbers(store, options);
  const owner = await latestReadableOwner(store, vault.findRootKey, options);
  if (owner !== undefined && !equalBytes(owner.home, vault.homeId)) throw ownedByAnother(store.label);
  const rows = await tenantRows(database.kysely, region);
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
    const now = await tenantRows(tx, region);
    const isSame = ({ id, key_seq }: (typeof now)[number]) =>
      rows.some((row) => row.id === id && row.key_seq === key_seq);
    if (now.length !== rows.length || !now.every(isSame)) throw changedMeanwhile();
    for (const [id, number] of numbers)
      await tx.updateTable('tenants').set({ key_seq: number }).where('id', '=', id).execute();
    // So that whoever is under way, and has only the old key, does not take the new record for that of another home.
    await tx.updateTable('home').set({ owner: next.number }).where('region', '=', region).execute();
  });
  return { numbers, usedOwners };
}

/** A record that only the old key opens would be of no use to anyone but its finder. */
async function deleteOld(
  { world: { store } }: Vault,
  { numbers, usedOwners }: SealedAnew,
  options?: Cancellable,
): Promise<void> {
  for await (const { name } of store.list(KEYS_PREFIX, options)) {
    const parsed = parseName(name);
    if (parsed?.kind === 'keys' && parsed.number < (numbers.get(toHex(parsed.tenant)) ?? 0))
      await store.delete(name);
  }
  for (const number of usedOwners) await store.delete(ownerIdentity(number).name);
}

function tenantRows(query: Database['kysely'] | Transaction, region: string) {
  return query.selectFrom('tenants').select(['id', 'key_seq']).where('region', '=', region).execute();
}

function regionsOf(stores: readonly { readonly vault: Vault }[]): readonly string[] {
  return stores.map(({ vault }) => vault.world.region);
}

/** Says how far it came, where there is something to say. */
function partlyDone(error: unknown, done: readonly string[], failed: string): unknown {
  if (done.length === 0 || !isStrataError(error)) return error;
  return new StrataError(
    error.code,
    `the root key is a new one in ${done.join(', ')}, and not yet in ${failed}: ${error.message}`,
    {
      hint: 'Both keys are needed until it is: leave the configuration as it is, and run the same command again.',
      details: { ...error.details, done, failed },
      cause: error,
    },
  );
}

/** A number that is taken was taken by another rotation, which may seal with another key. */
function expectCreated(outcome: 'created' | 'exists'): void {
  if (outcome === 'exists') throw changedMeanwhile();
}

function changedMeanwhile(): StrataError {
  return new StrataError('refused', 'keys, tenants or regions were changed while the root key was replaced', {
    hint: 'Nothing is lost: the old root key still counts. Run the command again when nothing else is running.',
  });
}
