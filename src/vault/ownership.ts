/** Whether this home owns its store: looked up before anything is published or deleted, and changed by a take-over. */

import { StrataError, equalBytes, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { SealingKey } from '../chunk/index.ts';
import type { Store } from '../store/index.ts';
import { noteOwner, noteRole, readHome } from './home.ts';
import type { Home } from './home.ts';
import { listOwnerNumbers } from './listing.ts';
import {
  attachedToRead,
  latestOwner,
  latestReadableOwner,
  ownedByAnother,
  putOwner,
  takenOver,
  takenOverByHalf,
} from './owner.ts';
import type { FindKey } from './sealed-object.ts';
import type { VaultWorld } from './world.ts';

export interface OwnerKeys {
  /** Seals new records. */
  readonly rootKey: SealingKey;
  readonly findRootKey: FindKey;
}

export class Ownership {
  readonly #world: VaultWorld;
  readonly #home: Uint8Array;
  readonly #keys: OwnerKeys;
  /** Number of the record by which the store came from another home, be it before a take-over that was cut off. */
  #taken: number | undefined;

  /** @param home its id */
  constructor(world: VaultWorld, home: Uint8Array, keys: OwnerKeys) {
    this.#world = world;
    this.#home = home;
    this.#keys = keys;
  }

  /** The same, of the same store by another way. */
  by(store: Store): Ownership {
    const other = new Ownership({ ...this.#world, store }, this.#home, this.#keys);
    other.#taken = this.#taken;
    return other;
  }

  get tookOver(): boolean {
    return this.#taken !== undefined;
  }

  /** Makes a home the owner of a store that has none. @throws not_ours if it has another */
  async begin(home: Home, { isNew }: { readonly isNew: boolean }, options: Cancellable): Promise<void> {
    const { store, database, clock } = this.#world;
    const { rootKey, findRootKey } = this.#keys;
    let owner = await latestReadableOwner(store, findRootKey, options);
    if (owner === undefined) {
      await putOwner(this.#world, rootKey, { number: 1, home: home.id, since: clock() }, options);
      owner = (await latestOwner(store, findRootKey, options))!;
    }
    if (equalBytes(owner.home, home.id)) return noteOwner(database, home.id, owner.number);
    // Else this home would be bound to a store that it has nothing in.
    if (isNew) await database.kysely.deleteFrom('home').where('id', '=', toHex(home.id)).execute();
    throw ownedByAnother(store.label);
  }

  /**
   * Makes this home the owner, whoever was it: the other one's next publish fails, and so does its next collection. If that was another
   * home, only this object may publish until `complete`.
   *
   * @throws refused if somebody else does the same
   */
  async takeOver(options: Cancellable): Promise<void> {
    const { store, database, clock } = this.#world;
    const { rootKey, findRootKey } = this.#keys;
    const latest = await latestReadableOwner(store, findRootKey, options);
    let number = latest?.number ?? 0;
    if (latest === undefined || !equalBytes(latest.home, this.#home)) {
      number = ((await listOwnerNumbers(store, options)).at(-1) ?? 0) + 1;
      const record = { number, home: this.#home, since: clock() };
      const before = (await readHome(this.#world))?.role;
      if (latest !== undefined) await noteRole(database, this.#home, 'taker');
      // What fails or is cancelled may be there all the same, now or in a moment: then it is a take-over that was cut off.
      if ((await putOwner(this.#world, rootKey, record, options)) === 'exists') {
        const owner = await latestReadableOwner(store, findRootKey, options);
        // Else it is ours, from a try whose answer was lost.
        if (owner === undefined || !equalBytes(owner.home, this.#home)) {
          if (before !== undefined) await noteRole(database, this.#home, before);
          throw tooLate(store.label);
        }
      }
    }
    if ((await readHome(this.#world))?.role === 'taker') this.#taken = number;
    else await noteOwner(database, this.#home, number);
  }

  /** After a take-over, when what the home before has removed is forgotten here: now this one is an owner like any other. */
  async complete(): Promise<void> {
    if (this.#taken !== undefined) await noteOwner(this.#world.database, this.#home, this.#taken, 'taker');
    this.#taken = undefined;
  }

  /** Before anything is published or deleted. @throws not_ours if another home has taken the store over */
  async check(options: Cancellable): Promise<void> {
    const { store, database } = this.#world;
    const latest = (await listOwnerNumbers(store, options)).at(-1);
    // After the listing: another process may be taking the store over, and says so before it does.
    const home = await readHome(this.#world);
    this.checkRole(home);
    if (home === undefined || latest === undefined || latest === home.owner || latest === this.#taken) return;
    const owner = await latestReadableOwner(store, this.#keys.findRootKey, options);
    if (owner !== undefined && !equalBytes(owner.home, this.#home)) throw takenOver(store.label);
    if (home.role !== 'owner') return;
    await noteOwner(database, home.id, latest, 'owner');
    this.checkRole(await readHome(this.#world));
  }

  /** @throws not_ours if the home only reads the store, or has not taken it over to the end */
  checkRole(home: Home | undefined): void {
    const { label } = this.#world.store;
    if (home?.role === 'reader') throw attachedToRead(label);
    if (home?.role === 'taker' && this.#taken === undefined) throw takenOverByHalf(label);
  }
}

function tooLate(label: string): StrataError {
  return new StrataError('refused', `${label} was taken over by another home at the same moment`, {
    hint: 'Look which of them is to own it, then run the command again there.',
  });
}
