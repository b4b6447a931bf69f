/** Floor 1: records in SQLite. The schema of every table is here; the rooms above write them. */

export type { Database, Transaction } from './database.ts';
export type {
  Condemnation,
  CondemnedTable,
  IntentKind,
  SuspectTable,
  HomeTable,
  IntentTable,
  LayerTable,
  TreeColumns,
  SegmentTable,
  SentPackTable,
  SnapshotKind,
  SnapshotTable,
  Tables,
  TenantTable,
  TrafficTable,
  WorkspaceTable,
} from './schema.ts';
export type { RunTable, TaskLayerTable, TaskTable } from './schema-runs.ts';
export { openSqlite } from './sqlite.ts';
export type { SqliteOptions } from './sqlite.ts';
