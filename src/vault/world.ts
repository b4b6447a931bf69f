/** What a vault is made of, given by whoever opens it. */

import type { Clock, Log, Random } from '../base/index.ts';
import type { Database } from '../db/index.ts';
import type { Store } from '../store/index.ts';

export interface VaultWorld {
  /** Which of the stores of the home this is. */
  readonly region: string;
  readonly store: Store;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log | undefined;
  /** Bytes from which on it is written down that a pack is stored, so that it is taken over if its save is broken off. Default: 1 MiB. */
  readonly leastNoted?: number | undefined;
}
