/**
 * Kysely over the SQLite of Node: one connection, which everybody in the process takes turns with.
 *
 * Kysely has a dialect of its own for SQLite, but that begins transactions as readers: two such that go on to write make one of
 * them fail, and no waiting would help.
 */

import type { AsyncLocalStorage } from 'node:async_hooks';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import type { CompiledQuery, DatabaseConnection, Dialect, Driver, QueryResult } from 'kysely';

import { StrataError } from '../base/index.ts';
import { patiently, translated } from './sqlite-error.ts';
import { SYNC_EACH, SYNC_LATER } from './sqlite-sync.ts';

/** What the tasks of one transaction have in common. */
export interface Scope {
  /** While its queries may run. */
  active: boolean;
  /** It is not synced, but with the next that is. */
  readonly lazy: boolean;
  readonly signal: AbortSignal | undefined;
}

/** @throws internal rather than let a task wait for the end of its own transaction */
export function checkScope(scopes: AsyncLocalStorage<Scope>): void {
  if (scopes.getStore()?.active !== true) return;
  throw new StrataError('internal', 'a transaction used the database past its own handle');
}

export function sqliteDialect(
  native: DatabaseSync,
  label: string,
  scopes: AsyncLocalStorage<Scope>,
): Dialect {
  return {
    createAdapter: () => new TurnTakingAdapter(),
    createDriver: () => createDriver(native, label, scopes),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

class TurnTakingAdapter extends SqliteAdapter {
  /** Kysely would queue by itself, and hang where our queue sees that a task waits for itself. */
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

function createDriver(native: DatabaseSync, label: string, scopes: AsyncLocalStorage<Scope>): Driver {
  const connection = createConnection(native, label);
  let last = Promise.resolve();
  let endTurn = () => {};
  let isLazy = false;

  async function run(command: string, signal?: AbortSignal): Promise<void> {
    try {
      await patiently(label, signal, () => native.exec(command));
    } catch (error) {
      throw translated(error, label);
    }
  }

  async function beLazy(lazy: boolean): Promise<void> {
    if (lazy === isLazy) return;
    await run(lazy ? SYNC_LATER : SYNC_EACH);
    isLazy = lazy;
  }

  async function takeTurn(): Promise<void> {
    checkScope(scopes);
    const before = last;
    const turn = Promise.withResolvers<void>();
    last = turn.promise;
    await before;
    endTurn = turn.resolve;
  }

  return {
    async init() {},
    async acquireConnection() {
      await takeTurn();
      try {
        await beLazy(false);
      } catch (error) {
        endTurn();
        throw error;
      }
      return connection;
    },
    async releaseConnection() {
      endTurn();
    },
    // As a writer from the start: a reader that becomes one is refused if somebody wrote meanwhile.
    async beginTransaction() {
      const scope = scopes.getStore();
      await beLazy(scope?.lazy === true);
      await run('BEGIN IMMEDIATE', scope?.signal);
    },
    commitTransaction: () => run('COMMIT'),
    async rollbackTransaction() {
      // SQLite has rolled back by itself after a full disk or a failed read.
      if (native.isTransaction) await run('ROLLBACK');
    },
    async destroy() {
      await takeTurn();
      native.close();
      endTurn();
    },
  };
}

function createConnection(native: DatabaseSync, label: string): DatabaseConnection {
  return {
    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      try {
        return await patiently(label, undefined, () => execute<Row>(native, query));
      } catch (error) {
        throw translated(error, label);
      }
    },

    // eslint-disable-next-line require-yield
    async *streamQuery() {
      throw new StrataError('internal', 'queries are not streamed: read in pages');
    },
  };
}

function execute<Row>(native: DatabaseSync, query: CompiledQuery): QueryResult<Row> {
  const statement = native.prepare(query.sql);
  const parameters = query.parameters as SQLInputValue[];
  if (statement.columns().length > 0) return { rows: statement.all(...parameters) as Row[] };
  const { changes, lastInsertRowid } = statement.run(...parameters);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}
