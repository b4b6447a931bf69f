/** The index of a tenant in memory, kept to what is in force in the database. */

import { ahead, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { APART, packsApart } from './apart.ts';
import type { Apart } from './apart.ts';
import { atOnce } from './at-once.ts';
import { addTables, emptyIndex } from './chunk-index.ts';
import type { TenantIndex } from './chunk-index.ts';
import type { Keyring } from './keyring.ts';
import { segmentInForce, segmentRows } from './segments-in-force.ts';
import type { SegmentRow } from './segments-in-force.ts';
import type { EncodedTable } from './table.ts';
import type { VaultWorld } from './world.ts';

/** `save`: what may be referred to. `read`: what can be read, and in the best place where there are several. */
export type IndexUse = 'save' | 'read';

export class LoadedIndex {
  readonly #world: VaultWorld;
  readonly #keyring: Keyring;
  readonly #use: IndexUse;
  #index = emptyIndex();
  /** Segments whose tables are in the index, with the packs that each tells of; all in hex. */
  #loaded = new Map<string, readonly string[]>();
  /** Packs that stood apart when they were loaded. */
  #apart: ReadonlyMap<string, Apart> = new Map();
  /** Settles when nobody is loading segments any more. */
  #loading: Promise<unknown> = Promise.resolve();

  constructor(world: VaultWorld, keyring: Keyring, use: IndexUse) {
    this.#world = world;
    this.#use = use;
    this.#keyring = keyring;
  }

  now(options: Cancellable): Promise<TenantIndex> {
    // One at a time: two would load each segment twice.
    const loaded = this.#loading.then(() => this.#load(options));
    this.#loading = loaded.catch(() => {});
    return loaded;
  }

  async #load(options: Cancellable): Promise<TenantIndex> {
    const { kysely } = this.#world.database;
    const apart = await packsApart(kysely, this.#keyring.tenant);
    const rows = await segmentRows(this.#world, this.#keyring.tenant);
    const isNew = rows.some(({ segment }) => !this.#loaded.has(toHex(segment)));
    // A chunk is found where it was found first, so those that stand apart have to come last.
    if (!isSame(apart, this.#apart) || (apart.size > 0 && isNew)) this.#reset();
    const last: Record<Apart, EncodedTable[]> = { condemned: [], suspect: [] };
    const missing = rows.filter(({ segment }) => !this.#loaded.has(toHex(segment)));
    const read = async ({ segment }: SegmentRow) => ({
      segment,
      found: await segmentInForce(this.#world, this.#keyring, segment, options),
    });
    for await (const { segment, found } of ahead(missing, atOnce(this.#world.store), read)) {
      // Another one has come into force for it.
      if (found === undefined) return this.#load(options);
      const { tables } = found;
      const why = ({ pack }: EncodedTable) => (apart.size > 0 ? apart.get(toHex(pack)) : undefined);
      addTables(
        this.#index,
        tables.filter((table) => why(table) === undefined),
      );
      for (const each of APART) last[each].push(...tables.filter((table) => why(table) === each));
      this.#loaded.set(
        toHex(segment),
        tables.map(({ pack }) => toHex(pack)),
      );
    }
    if (this.#use === 'read') for (const each of APART) addTables(this.#index, last[each]);
    // Not before: whatever is cut off above has left out the last.
    this.#apart = apart;
    if (isNew) this.#tell();
    if (this.#forget(new Set(rows.map(({ segment }) => toHex(segment))))) return this.#index;
    this.#reset();
    return this.#load(options);
  }

  #tell(): void {
    const { data, tree } = this.#index;
    this.#world.log?.(
      `index read: ${data.size} chunks and ${tree.size} tree nodes, in ${this.#loaded.size} segments`,
    );
  }

  #reset(): void {
    this.#index = emptyIndex();
    this.#loaded = new Map();
    this.#apart = new Map();
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
}

function isSame(a: ReadonlyMap<string, Apart>, b: ReadonlyMap<string, Apart>): boolean {
  return a.size === b.size && [...a].every(([pack, why]) => b.get(pack) === why);
}
