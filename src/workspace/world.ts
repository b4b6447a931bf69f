/** What the operations on workspaces work with: one tenant's vault and the database beside it. */

import type { Cancellable, Clock, Log, Random } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Path } from '../tree/index.ts';
import type { Pin, TenantVault } from '../vault/index.ts';
import type { ReadableTree } from './merged.ts';

export interface OtherTree extends ReadableTree {
  /** How it is called in messages. */
  readonly label: string;
  readonly path: Path | undefined;
}

export interface WorkspaceWorld {
  readonly vault: TenantVault;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log | undefined;
  /** Where what only spares work is kept; undefined: nowhere. */
  readonly cacheDirectory?: string | undefined;
  /**
   * What a reference means that is none to a workspace, undefined if it is one. For rooms above that have trees of their own.
   *
   * @throws what there is to say of a reference that is theirs and means nothing
   */
  readonly otherTree?: ((ref: string, pin: Pin, options: Cancellable) => Promise<OtherTree | undefined>) | undefined;
  /** Directories of the home itself: never saved, never restored into. */
  readonly offLimits: readonly string[];
}
