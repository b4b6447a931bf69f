/** Floor 1: records in SQLite. The schema of every table is here; the rooms above write them. */

export type { Database, Transaction } from './database.ts';
export type {
  ClockTable,
  Condemnation,
  CondemnedTable,
  EventTable,
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
export type {
  Durability,
  Mobility,
  RunnerTable,
  SessionRequestTable,
  SessionState,
  SessionTable,
  SessionTaskTable,
  StorageType,
} from './schema-sessions.ts';
export { openSqlite } from './sqlite.ts';
export type { SqliteOptions } from './sqlite.ts';
