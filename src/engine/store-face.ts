/** Everything that can be done with a chunk store as a whole: what the engine's face has of it. */

import type { CollectOptions, Collected, VerifyReport, VerifyStoreOptions } from '../vault/index.ts';
import type { ClockDoubt } from '../workspace/index.ts';
import type { InRegion } from './regions.ts';
import type { StoreReport } from './store-report.ts';

export interface RebuildResult {
  readonly packs: number;
  readonly chunks: number;
  readonly workspaces: number;
  readonly snapshots: number;
  /** Names of packs and heads that could not be read: what they tell is not in the index or the database. */
  readonly unreadable: readonly string[];
  /** Whether the store was another home's until now, or that of this one before its database was lost: nobody can tell them apart. */
  readonly tookOver: boolean;
  readonly seconds: number;
}

export interface CollectStoreOptions extends CollectOptions, InRegion {
  /** Milliseconds that what is condemned stays, at least. Default: an hour for a store on a disk of this machine, a day for one in a bucket. */
  readonly margin?: number | undefined;
  /** The clock is right, whatever it was before. */
  readonly acceptClock?: boolean | undefined;
}

/** Of all tenants together. */
export interface CollectResult extends Collected {
  /** Whether nothing was changed, because of the options or the clock. */
  readonly dryRun: boolean;
  /** Why it was not believed; undefined: it was. */
  readonly clock: ClockDoubt | undefined;
  readonly seconds: number;
}

export interface AttachOptions extends InRegion {
  readonly takeOver?: boolean | undefined;
}

export interface AttachResult {
  readonly store: string;
  readonly role: 'owner' | 'reader';
  readonly tenants: readonly string[];
  readonly workspaces: number;
  readonly snapshots: number;
  /** Names of packs and heads that could not be read. */
  readonly unreadable: readonly string[];
  readonly seconds: number;
}

/** Each call is about one of the home's stores. */
export interface ChunkStore {
  /** What is in the store, what this home asked it for this month and the one before, and an estimate of what that costs. */
  stats(options?: InRegion): Promise<StoreReport>;
  verify(options?: VerifyStoreOptions & InRegion): Promise<VerifyReport>;
  /** Takes away what no snapshot of any tenant needs. */
  collect(options?: CollectStoreOptions): Promise<CollectResult>;
  /**
   * Takes what is in the store into a home that knows nothing of it: to read, which may be done again to see what is new; or to own it,
   * which stops the home that did.
   */
  attach(options?: AttachOptions): Promise<AttachResult>;
  /** Makes index and database anew from packs and heads alone. */
  rebuildIndex(options?: InRegion): Promise<RebuildResult>;
}
