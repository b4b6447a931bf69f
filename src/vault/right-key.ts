/** Whether the root key that a region is made with is the one of the others. */

import { StrataError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { storedRegions } from './home.ts';
import type { Home } from './home.ts';
import { latestReadableOwner } from './owner.ts';
import { rootKeyId } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import type { FindRootKeys, Vault } from './vault.ts';
import type { VaultWorld } from './world.ts';

/** @param vault of a region that is there already, before another one is made. @throws wrong_key */
export async function checkRootKey({ world, findRootKey }: Vault, options: Cancellable = {}): Promise<void> {
  await latestReadableOwner(world.store, findRootKey, options);
}

/**
 * A rotation that did not see the row of a new region forgets the key that the region is about to be made with.
 *
 * @param home whose row was just made
 * @throws refused; then there is no such row
 */
export async function checkStillRootKey(
  { database, region }: VaultWorld,
  home: Home,
  secret: RootSecret,
  findRootKeys: FindRootKeys,
  options: Cancellable,
): Promise<void> {
  // While there is only one, its owner record shows the same.
  if ((await storedRegions(database)).length < 2) return;
  const now = await findRootKeys(home.store, false, options);
  if (now.some((key) => rootKeyId(key) === rootKeyId(secret))) return;
  await database.kysely.deleteFrom('home').where('id', '=', toHex(home.id)).execute();
  throw new StrataError('refused', `the root key was replaced while the region ${region} was made`, {
    hint: 'Run the command again.',
  });
}
