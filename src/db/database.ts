/**
 * A database keeps the records that change: who is who, what the latest snapshot is, what is under way. It is the authority while it
 * lives; the store alone can rebuild it.
 *
 * What it demands of callers: inside `transaction`, only the handle that it gives is used; using `kysely` there is an `internal`
 * error, because it would wait for the transaction that waits for it. A transaction holds up all other writers, in this process
 * and in others, so nothing slow happens in it: no store, no network, no file system.
 *
 * What it promises:
 * - A transaction happens whole or not at all, and is durable when it returns, unless it is lazy: it survives kill −9 and power loss.
 * - Transactions happen one after another (serializable): what one has read is still so when it commits.
 * - Any number of tasks and processes may use a database at a time. They wait for each other; they see no BUSY error and no
 *   serialization failure. Only who waits for minutes is told `unavailable`.
 * - `fn` may run again when the database asks for it, so it has no effects but its queries.
 * - A row that would repeat a unique key is `already_exists`.
 */

import type { Kysely, Transaction as KyselyTransaction } from 'kysely';

import type { Cancellable } from '../base/index.ts';
import type { Tables } from './schema.ts';

/** The handle of a transaction under way. */
export type Transaction = KyselyTransaction<Tables>;

export interface TransactionOptions extends Cancellable {
  /**
   * It need not survive a loss of power before the next transaction that has to, though it survives kill −9: for what only spares work.
   * To wait for the disk holds up everybody in this process.
   */
  readonly lazy?: boolean | undefined;
}

export interface Database extends AsyncDisposable {
  /** Names the database in messages: `database /var/strata/db/strata.db`. */
  readonly label: string;

  /** It can only be read: each write is `read_only`. */
  readonly readOnly: boolean;

  /** For single statements, each a transaction of its own. */
  readonly kysely: Kysely<Tables>;

  /**
   * Runs `fn`, then commits; rolls back if it throws, and throws the same. A signal ends the waiting; a transaction that has begun
   * is finished.
   */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
}
