/** What the operations on workspaces work with: one tenant's vault and the database beside it. */

import type { Clock, Log, Random } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { TenantVault } from '../vault/index.ts';

export interface WorkspaceWorld {
  readonly vault: TenantVault;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log | undefined;
  /** Where what only spares work is kept; undefined: nowhere. */
  readonly cacheDirectory?: string | undefined;
  /** Directories of the home itself: never saved, never restored into. */
  readonly offLimits: readonly string[];
}
