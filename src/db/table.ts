/** How a table is made in either database. */

import { sql } from 'kysely';
import type { CreateTableBuilder, Transaction } from 'kysely';

import type { Tables } from './schema.ts';

/** What the two databases call the same thing. */
export interface ColumnTypes {
  /** 64 bits. */
  readonly integer: 'integer' | 'bigint';
  readonly bytes: 'blob' | 'bytea';
  /** Ends a table's definition, so that SQLite holds to the types. */
  readonly strict: boolean;
}

export function table<Name extends keyof Tables>(
  tx: Transaction<Tables>,
  name: Name,
  types: ColumnTypes,
): CreateTableBuilder<Name> {
  const builder = tx.schema.createTable(name);
  return types.strict ? builder.modifyEnd(sql`strict`) : builder;
}
