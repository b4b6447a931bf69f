/** What the operations on workspaces work with: one tenant's vault and the database beside it. */

import type { Cancellable, Clock, Log, MonotonicClock, Random } from '../base/index.ts';
import type { Database, Transaction } from '../db/index.ts';
import type { TenantVault } from '../vault/index.ts';
import type { Wanted } from './find.ts';

export type Query = Database['kysely'] | Transaction;

export interface WorkspaceWorld {
  /** Which of the stores of the home the vault is in. */
  readonly region: string;
  readonly vault: TenantVault;
  readonly database: Database;
  readonly clock: Clock;
  /** What the clock is held against. */
  readonly monotonic: MonotonicClock;
  readonly random: Random;
  readonly log?: Log | undefined;
  /** Where what only spares work is kept; undefined: nowhere. */
  readonly cacheDirectory?: string | undefined;
  /**
   * Looks up what a reference means that is none to a workspace; undefined if it is one. For rooms above that have trees of their own.
   *
   * @throws what there is to say of a reference that is theirs and means nothing
   */
  readonly otherTree?:
    | ((ref: string, options: Cancellable) => Promise<((query: Query) => Promise<Wanted>) | undefined>)
    | undefined;
  /** Directories of the home itself: never saved, never restored into. */
  readonly offLimits: readonly string[];
}
