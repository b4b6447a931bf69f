/** A home in a temporary directory, with its engine's parts in reach: for tests of the rooms above the vault. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { bootClock, systemClock, systemRandom } from '../base/index.ts';
import { openSqlite } from '../db/index.ts';
import type { Database } from '../db/index.ts';
import { openLocalStore } from '../store/index.ts';
import type { Store } from '../store/index.ts';
import { Vault } from '../vault/index.ts';
import type { RootSecret } from '../vault/index.ts';
import type { WorkspaceWorld } from '../workspace/index.ts';

const ROOT = Uint8Array.from({ length: 32 }, (_, at) => at) as RootSecret;

export interface TestHome extends AsyncDisposable {
  /** Where tests may put directories of their own. */
  readonly place: string;
  readonly store: Store;
  readonly database: Database;
  readonly vault: Vault;
  readonly world: WorkspaceWorld;
}

/**
 * @param wrap puts something between the vault and its local store
 * @param at where one is already, which stays; undefined: a new one
 */
export async function openTestHome(
  wrap: (store: Store) => Store = (store) => store,
  at?: string,
): Promise<TestHome> {
  const place = at ?? mkdtempSync(join(tmpdir(), 'strata-home-'));
  const store = wrap(openLocalStore(join(place, 'store')));
  const database = await openSqlite(join(place, 'db', 'strata.db'));
  const parts = { region: 'default', store, database, clock: systemClock, random: systemRandom };
  const vault = await Vault.open(parts, async () => [ROOT]);
  const offLimits = [join(place, 'store'), join(place, 'db')];
  const world = { ...parts, monotonic: bootClock, vault: await vault.tenant('default'), offLimits };
  return {
    place,
    store,
    database,
    vault,
    world,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      if (at === undefined) rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Everything that an async iterable gives. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}
