/** What may be wrong with the store or the keys that a home is opened with. */

import { StrataError, equalBytes, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { storedRegions } from './home.ts';
import type { Home } from './home.ts';
import { FORMAT_NAME } from './names.ts';
import { rootKeyId } from './root-key.ts';
import type { RootSecret } from './root-key.ts';
import type { FindRootKeys } from './vault.ts';
import type { VaultWorld } from './world.ts';

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

/** A disk that is not mounted has no keys either; here somebody has lost one object, and the database knows what it said. */
export function formatLost(label: string): StrataError {
  return new StrataError('integrity', `${label} has lost its \`${FORMAT_NAME}\` object`, {
    hint: '`strata store rebuild-index` writes it anew.',
    details: { object: FORMAT_NAME },
  });
}

export function checkStore({ store }: VaultWorld, expected: Uint8Array, found: Uint8Array | undefined): void {
  if (found === undefined) {
    throw new StrataError('unavailable', `${store.label} is not there, or is empty`, {
      hint: 'Is its disk mounted, and does `storage` in the configuration name the right place?',
    });
  }
  if (!equalBytes(found, expected)) {
    throw new StrataError(
      'not_ours',
      `${store.label} is another store than the one that this home belongs to`,
      {
        hint: 'Name the right place in `storage` in the configuration, or use another home for this store.',
        details: { expected: toHex(expected), found: toHex(found) },
      },
    );
  }
}
