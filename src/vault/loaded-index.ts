/** The index of a tenant in memory, kept to what is in force in the database. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { addTables, emptyIndex } from './chunk-index.ts';
import type { TenantIndex } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import type { SegmentId } from './names.ts';
import { getEncodedSegment } from './segment.ts';
import { isInForce, segmentRows } from './segments-in-force.ts';
import type { EncodedTable } from './table.ts';
import type { VaultWorld } from './world.ts';

export class LoadedIndex {
  readonly #world: VaultWorld;
  readonly #keyring: Keyring;
  #index = emptyIndex();
  /** Segments whose tables are in the index, with the packs that each tells of; all in hex. */
  #loaded = new Map<string, readonly string[]>();
  /** Settles when nobody is loading segments any more. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(world: VaultWorld, keyring: Keyring) {
    this.#world = world;
    this.#keyring = keyring;
  }

  now(options: Cancellable): Promise<TenantIndex> {
    // One at a time: two would load each segment twice.
    const loaded = this.#loading.then(() => this.#load(options));
    this.#loading = loaded.catch(() => {});
    return loaded;
  }

  async #load(options: Cancellable): Promise<TenantIndex> {
    const rows = await segmentRows(this.#world, this.#keyring.tenant);
    for (const { segment } of rows) {
      if (this.#loaded.has(toHex(segment))) continue;
      const tables = await this.#tablesOf(segment, options);
      // Another one has come into force for it.
      if (tables === undefined) return this.#load(options);
      addTables(this.#index, tables);
      this.#loaded.set(
        toHex(segment),
        tables.map(({ pack }) => toHex(pack)),
      );
    }
    if (this.#forget(new Set(rows.map(({ segment }) => toHex(segment))))) return this.#index;
    this.#index = emptyIndex();
    this.#loaded = new Map();
    return this.#load(options);
  }

  /**
   * Forgets segments out of force. One that was merged is in another one, whole.
   *
   * @returns false if one told of a pack that none in force tells of: it may be gone, and saves must not deduplicate against it
   */
  #forget(inForce: ReadonlySet<string>): boolean {
    const ended = [...this.#loaded.keys()].filter((segment) => !inForce.has(segment));
    if (ended.length === 0) return true;
    const packs = new Set([...inForce].flatMap((segment) => this.#loaded.get(segment)!));
    const isCovered = ended.every((segment) => this.#loaded.get(segment)!.every((pack) => packs.has(pack)));
    for (const segment of ended) this.#loaded.delete(segment);
    return isCovered;
  }

  /** @returns undefined if the segment is no longer in force */
  async #tablesOf(segment: SegmentId, options: Cancellable): Promise<readonly EncodedTable[] | undefined> {
    try {
      return (await getEncodedSegment(this.#world.store, this.#keyring, segment, options)).tables;
    } catch (error) {
      if (!(await isInForce(this.#world, segment))) return undefined;
      throw error;
    }
  }
}
