/**
 * How the tables came to be, step by step. A migration that was released is never edited: a change is a new one at the end.
 *
 * All that a database lacks is done in one transaction, so a crash leaves the old version or the new one.
 */

import type { CreateTableBuilder, Transaction } from 'kysely';

import { StrataError } from '../base/index.ts';
import type { Clock } from '../base/index.ts';
import { sessions } from './migration-sessions.ts';
import type { Tables, TreeColumns } from './schema.ts';
import { table } from './table.ts';
import type { ColumnTypes } from './table.ts';

type Migration = (tx: Transaction<Tables>, types: ColumnTypes) => Promise<void>;

const MIGRATIONS: readonly Migration[] = [first, traffic, sessions];

/** The version that this program knows: the number of its last migration. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** @throws unsupported_format */
export function checkVersion(version: number, label: string): void {
  if (version <= SCHEMA_VERSION) return;
  throw new StrataError(
    'unsupported_format',
    `${label} has version ${version}; this program knows versions up to ${SCHEMA_VERSION}`,
    { hint: 'Use the newer version of Strata that wrote it.' },
  );
}

/** @param from what the database has seen already */
export async function migrate(
  tx: Transaction<Tables>,
  types: ColumnTypes,
  from: number,
  now: Clock,
): Promise<void> {
  if (from === 0) {
    await table(tx, 'migrations', types)
      .addColumn('number', types.integer, (column) => column.primaryKey())
      .addColumn('applied', types.integer, (column) => column.notNull())
      .execute();
  }
  for (const [done, migration] of MIGRATIONS.entries()) {
    if (done < from) continue;
    await migration(tx, types);
    await tx
      .insertInto('migrations')
      .values({ number: done + 1, applied: now() })
      .execute();
  }
}

function treeColumns<Name extends string, Columns extends string>(
  builder: CreateTableBuilder<Name, Columns>,
  { integer, bytes }: ColumnTypes,
): CreateTableBuilder<Name, Columns | keyof TreeColumns> {
  return builder
    .addColumn('root', bytes, (column) => column.notNull())
    .addColumn('digest', 'text', (column) => column.notNull())
    .addColumn('files', integer, (column) => column.notNull())
    .addColumn('directories', integer, (column) => column.notNull())
    .addColumn('symlinks', integer, (column) => column.notNull())
    .addColumn('bytes', integer, (column) => column.notNull())
    .addColumn('new_bytes', integer, (column) => column.notNull())
    .addColumn('stored_bytes', integer, (column) => column.notNull());
}

async function first(tx: Transaction<Tables>, types: ColumnTypes): Promise<void> {
  const { integer, bytes } = types;

  await table(tx, 'home', types)
    .addColumn('region', 'text', (column) => column.notNull().unique())
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('store', 'text', (column) => column.notNull().unique())
    .addColumn('owner', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('role', 'text', (column) => column.notNull().defaultTo('owner'))
    .addColumn('created', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'tenants', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('region', 'text', (column) => column.notNull().defaultTo('default'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('key_seq', integer, (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .addColumn('epoch', integer, (column) => column.notNull().defaultTo(1))
    .addUniqueConstraint('tenants_name', ['region', 'name'])
    .execute();

  await table(tx, 'workspaces', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .addColumn('seq', integer, (column) => column.notNull())
    .addColumn('fence', integer, (column) => column.notNull())
    .addColumn('replica_of', 'text')
    .addUniqueConstraint('workspaces_name', ['tenant', 'name'])
    .execute();

  await table(tx, 'snapshots', types)
    .addColumn('id', 'text', (column) => column.notNull())
    .addColumn('workspace', 'text', (column) => column.notNull().references('workspaces.id'))
    .addColumn('number', integer, (column) => column.notNull())
    .addColumn('seq', integer, (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .$call((builder) => treeColumns(builder, types))
    .addColumn('message', 'text', (column) => column.notNull())
    .addColumn('parent_workspace', 'text')
    .addColumn('parent_number', integer)
    .addColumn('published', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('snapshots_key', ['workspace', 'id'])
    .addUniqueConstraint('snapshots_number', ['workspace', 'number'])
    .execute();

  await table(tx, 'intents', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('epoch', integer, (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('roots', bytes, (column) => column.notNull())
    .addColumn('started', integer, (column) => column.notNull())
    .addColumn('expires', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'segments', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
    .addColumn('size', integer, (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'condemned', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('epoch', integer, (column) => column.notNull())
    .addColumn('since', integer, (column) => column.notNull())
    .addColumn('size', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'suspects', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('noticed', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'sent_packs', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('intent', 'text', (column) => column.notNull())
    .addColumn('size', integer, (column) => column.notNull())
    .addColumn('sent', integer, (column) => column.notNull())
    .execute();
  await tx.schema.createIndex('sent_packs_intent').on('sent_packs').column('intent').execute();

  await table(tx, 'removed_heads', types)
    .addColumn('tenant', 'text', (column) => column.notNull())
    .addColumn('workspace', 'text', (column) => column.notNull())
    .addColumn('seq', integer, (column) => column.notNull())
    .addColumn('removed', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('removed_heads_key', ['workspace', 'seq'])
    .execute();

  await table(tx, 'destroyed', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('region', 'text', (column) => column.notNull())
    .addColumn('destroyed', integer, (column) => column.notNull())
    .execute();

  await table(tx, 'layers', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
    .addColumn('created', integer, (column) => column.notNull())
    .$call((builder) => treeColumns(builder, types))
    .execute();

  await runTables(tx, types);
}

async function runTables(tx: Transaction<Tables>, types: ColumnTypes): Promise<void> {
  const { integer, bytes } = types;

  await table(tx, 'runs', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('phase', 'text', (column) => column.notNull())
    .addColumn('result', 'text', (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .addColumn('started', integer)
    .addColumn('ended', integer)
    .addColumn('restarted_from', 'text')
    .addColumn('request', bytes, (column) => column.notNull())
    .addColumn('holder', 'text')
    .addColumn('cancel', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('expires', integer)
    .execute();

  await table(tx, 'tasks', types)
    .addColumn('id', 'text', (column) => column.notNull().primaryKey())
    .addColumn('run', 'text', (column) => column.notNull().references('runs.id'))
    .addColumn('number', integer, (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('status', 'text', (column) => column.notNull())
    .addColumn('level', integer, (column) => column.notNull())
    .addColumn('attempt', integer, (column) => column.notNull())
    .addColumn('reused', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('waiting_approval', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('approved', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('executor', 'text')
    .addColumn('earlier', 'text')
    .addColumn('unchanged', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('started', integer)
    .addColumn('ended', integer)
    .addColumn('input_digest', 'text')
    .addColumn('restored_bytes', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('saved_bytes', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('error', 'text')
    .addUniqueConstraint('tasks_number', ['run', 'number'])
    .execute();

  await table(tx, 'task_layers', types)
    .addColumn('task', 'text', (column) => column.notNull().references('tasks.id'))
    .addColumn('step', integer, (column) => column.notNull())
    .addColumn('step_name', 'text', (column) => column.notNull())
    .addColumn('attempt', integer, (column) => column.notNull())
    .addColumn('on_failure', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('whiteouts', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('implied', integer, (column) => column.notNull().defaultTo(0))
    .addColumn('layer', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('task_layers_key', ['task', 'attempt', 'step'])
    .execute();
  await tx.schema.createIndex('task_layers_layer').on('task_layers').column('layer').execute();

  await table(tx, 'caches', types)
    .addColumn('tenant', 'text', (column) => column.notNull().references('tenants.id'))
    .addColumn('domain', 'text', (column) => column.notNull())
    .addColumn('key', 'text', (column) => column.notNull())
    .addColumn('layer', 'text', (column) => column.notNull())
    .addColumn('created', integer, (column) => column.notNull())
    .addColumn('used', integer, (column) => column.notNull())
    .addPrimaryKeyConstraint('caches_key', ['tenant', 'domain', 'key'])
    .execute();
}

async function traffic(tx: Transaction<Tables>, types: ColumnTypes): Promise<void> {
  const figures = ['puts', 'gets', 'lists', 'deletes', 'failed', 'bytes_up', 'bytes_down'] as const;
  const ofTheCache = ['hits', 'misses', 'bytes_hit', 'bytes_missed'] as const;
  let builder: CreateTableBuilder<'traffic', string> = table(tx, 'traffic', types)
    .addColumn('store', 'text', (column) => column.notNull())
    .addColumn('month', 'text', (column) => column.notNull())
    .addPrimaryKeyConstraint('traffic_key', ['store', 'month']);
  for (const figure of [...figures, ...ofTheCache])
    builder = builder.addColumn(figure, types.integer, (column) => column.notNull());
  await builder.execute();
}
