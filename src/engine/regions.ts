/** The stores of a home, each opened when it is first needed: one that is away is in nobody's way who has no need of it. */

import { StrataError, nearNames } from '../base/index.ts';
import type { Cancellable, Log } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Store } from '../store/index.ts';
import type { Config } from './config.ts';
import type { PlaceConfig } from './config-place.ts';
import { DEFAULT_REGION, MACHINE_REGION } from './config-regions.ts';
import { openStore } from './open-store.ts';
import { TrafficBook } from './traffic.ts';

export interface InRegion extends Cancellable {
  /** Which of the home's stores. Default: `default`, that of `storage`. */
  readonly region?: string | undefined;
}

interface OpenRegion {
  readonly store: Store;
  readonly traffic: TrafficBook;
}

export class Regions implements AsyncDisposable {
  /** The one whose store is the local chunk store of the home. */
  readonly local: string;
  readonly #places: ReadonlyMap<string, PlaceConfig>;
  readonly #storage: Config['storage'];
  readonly #log: Log | undefined;
  readonly #opened = new Map<string, OpenRegion>();
  #database: Database | undefined;

  constructor({ storage, regions }: Config, log: Log | undefined) {
    this.#storage = storage;
    this.#log = log;
    const others = regions.map((region) => [region.name, region] as const);
    const places = new Map<string, PlaceConfig>([[DEFAULT_REGION, storage], ...others]);
    const here = [...places].find(
      ([, place]) => place.provider === 'local' && place.local.path === storage.local.path,
    );
    this.local = here?.[0] ?? MACHINE_REGION;
    if (here === undefined) places.set(MACHINE_REGION, { ...storage, provider: 'local' });
    this.#places = places;
  }

  /** `default` in front. */
  get names(): readonly string[] {
    return [...this.#places.keys()];
  }

  /** Directories that are stores, or have been one. */
  get localPaths(): readonly string[] {
    return localPathsOf(this.#storage, [...this.#places.values()]);
  }

  /** @throws bad_input if the configuration names no such region */
  place(name: string): PlaceConfig {
    const place = this.#places.get(name);
    if (place !== undefined) return place;
    const near = nearNames(name, this.names);
    throw new StrataError('bad_input', `region ${JSON.stringify(name)} is not in the configuration`, {
      hint:
        near.length > 0
          ? `Did you mean ${near.join(' or ')}?`
          : 'Say in `regions` in the configuration where its store is; `strata config regions` lists those that are there.',
      details: { region: name, regions: this.names },
    });
  }

  /** Asks it for nothing yet. @throws as `place` */
  store(name: string): Store {
    return this.#open(name).store;
  }

  /** What the store is asked for. @throws as `place` */
  traffic(name: string): TrafficBook {
    return this.#open(name).traffic;
  }

  /** Where it is written down. */
  record(database: Database): void {
    this.#database = database;
    for (const { store, traffic } of this.#opened.values()) traffic.open(database, store.label);
  }

  /** The database is still open. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const { traffic } of this.#opened.values()) await traffic[Symbol.asyncDispose]();
  }

  #open(name: string): OpenRegion {
    const known = this.#opened.get(name);
    if (known !== undefined) return known;
    const traffic = new TrafficBook({ log: this.#log });
    const options = { log: this.#log, tally: traffic.tally };
    const store = openStore(this.place(name), this.#storage, options);
    if (this.#database !== undefined) traffic.open(this.#database, store.label);
    this.#opened.set(name, { store, traffic });
    return { store, traffic };
  }
}

/** The path of `storage` counts in any case: it has a default, and may be a store of before. */
function localPathsOf(storage: PlaceConfig, places: readonly PlaceConfig[]): readonly string[] {
  const paths = places.filter(({ provider }) => provider === 'local').map(({ local }) => local.path);
  return [...new Set([storage.local.path, ...paths])];
}
