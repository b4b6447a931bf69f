/** Sessions and their runners, what happened, and how the clock went. */

import { sql } from 'kysely';
import type { Transaction } from 'kysely';

import type { Tables } from './schema.ts';
import { table } from './table.ts';
import type { ColumnTypes } from './table.ts';

export async function sessions(tx: Transaction<Tables>, types: ColumnTypes): Promise<void> {
  const { integer, bytes } = types;

  await table(tx, 'runners', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('name', 'text', (column) => column.notNull().unique())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('base_dir', 'text', (column) => column.notNull())
    .addColumn('holder', 'text')
    .addColumn('lease', integer)
    .addColumn('seen', integer, (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'sessions', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('agent', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('workspace', 'text')
    .addColumn('store_region', 'text', (column) => column.notNull())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('storage_type', 'text', (column) => column.notNull())
    .addColumn('mobility', 'text', (column) => column.notNull())
    .addColumn('quota_mb', integer, (column) => column.notNull())
    .addColumn('quota_means', 'text')
    .addColumn('used', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('runner', 'text', (column) => column.references('runners.id'))
    .addColumn('last_runner', 'text', (column) => column.references('runners.id'))
    .addColumn('fence', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('lease_until', integer)
    .addColumn('holder', 'text')
    .addColumn('operation', 'text')
    .addColumn('unsaved', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('unsaved_fence', integer)
    .addColumn('durability', 'text', (column) => column.notNull())
    .addColumn('reason', 'text')
    .addColumn('tries', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('retry_at', integer)
    .addColumn('held', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('idle_timeout', integer, (column) => column.notNull())
    .addColumn('checkpoint_each', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('last_active', integer, (column) => column.notNull())
    .addColumn('retention_requested', integer)
    .addColumn('retention', integer)
    .addColumn('terminated', integer)
    .addColumn('expires', integer)
    .addColumn('warned', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('expired', integer)
    .addColumn('labels', 'text', (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .execute();
  await tx.schema
    .createIndex('sessions_name')
    .unique()
    .on('sessions')
    .columns(['tenant', 'name'])
    .where(sql.ref('expired'), 'is', null)
    .execute();
  await tx.schema.createIndex('sessions_workspace').on('sessions').column('workspace').execute();

  await table(tx, 'session_tasks', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('session', 'text', (column) => column.notNull().references('sessions.id'))
    .addColumn('number', integer, (column) => column.notNull())
    .addColumn('command', bytes)
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('exit_code', integer)
    .addColumn('runner', 'text', (column) => column.notNull().references('runners.id'))
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('place', 'text', (column) => column.notNull())
    .addColumn('executor', 'text', (column) => column.notNull())
    .addColumn('started', integer, (column) => column.notNull())
    .addColumn('ended', integer)
    .addColumn('snapshot', integer)
    .addUniqueConstraint('session_tasks_number', ['session', 'number'])
    .execute();

  await table(tx, 'session_requests', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('runner', 'text', (column) => column.notNull().references('runners.id'))
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('asker', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('cancel', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('taker', 'text')
    .addColumn('created', integer, (column) => column.notNull())
    .execute();
  await tx.schema
    .createIndex('session_requests_runner')
    .on('session_requests')
    .columns(['runner', 'status'])
    .execute();

  await table(tx, 'events', types)
    .addColumn('seq', integer, (column) => column.notNull().primaryKey().autoIncrement())
    .addColumn('at', integer, (column) => column.notNull())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('workspace', 'text')
    .addColumn('session', 'text')
    .addColumn('details', 'text', (column) => column.notNull())
    .execute();
  // Who follows one tenant passes over what happens to the others.
  await tx.schema.createIndex('events_tenant').on('events').columns(['tenant', 'seq']).execute();

  await table(tx, 'clock', types)
    .addColumn('id', integer, (column) => column.notNull().primaryKey())
    .addColumn('seen', integer, (column) => column.notNull())
    .addColumn('uptime', integer, (column) => column.notNull())
    .addColumn('boot', 'text', (column) => column.notNull())
    .addColumn('leapt', integer)
    .addColumn('leap', integer, (column) => column.notNull().defaultTo(0))
    .execute();
}
