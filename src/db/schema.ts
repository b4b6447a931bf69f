/**
 * All tables. Each is written by exactly one room; others may read it.
 *
 * Types are those that SQLite and PostgreSQL share: ids and digests are lower-case hex in text; times are milliseconds since
 * 1970; numbers are integers below 2^53; a flag is 0 or 1.
 */

/** One row: this home. Written by vault/. */
export interface HomeTable {
  /** 32 hex digits; named in the store's owner records. */
  id: string;
  /** The store that this database belongs to, 32 hex digits. */
  store: string;
  created: number;
}

/** Owners of workspaces. Written by vault/. */
export interface TenantTable {
  id: string;
  /** Unique. */
  name: string;
  /** Number of the latest key record in the store. */
  key_seq: number;
  created: number;
}

/** Written by workspace/. */
export interface WorkspaceTable {
  id: string;
  tenant: string;
  /** Unique within a tenant. */
  name: string;
  created: number;
  /** Number of the latest head; 0 before the first. */
  seq: number;
  /** Only grows; stands in every head. Nothing moves it before there are leases. */
  fence: number;
}

/** What a snapshot came from: a save, or a fork of another workspace. */
export type SnapshotKind = 'save' | 'fork';

/** Written by workspace/. A row is the commit of a save. */
export interface SnapshotTable {
  id: string;
  workspace: string;
  /** Counts from 1 in each workspace; unique there. */
  number: number;
  /** The head that tells of it. */
  seq: number;
  kind: SnapshotKind;
  created: number;
  /** The Root record of docs/design.md 3.6. */
  root: Uint8Array;
  /** 64 hex digits. */
  digest: string;
  files: number;
  directories: number;
  symlinks: number;
  /** Logical bytes: holes count. */
  bytes: number;
  /** Plain bytes that were not in the store before. */
  new_bytes: number;
  /** Bytes by which the store grew. */
  stored_bytes: number;
  message: string;
  parent_workspace: string | null;
  parent_number: number | null;
  /** 1 once its head is in the store. */
  published: 0 | 1;
}

/** Saves under way. Written by vault/. */
export interface IntentTable {
  id: string;
  tenant: string;
  epoch: number;
  started: number;
  expires: number;
}

/** Index segments that are in force. Written by vault/. */
export interface SegmentTable {
  id: string;
  tenant: string;
  /** Bytes. */
  size: number;
  created: number;
}

/** Which migrations this database has seen. Written by db/. */
export interface MigrationTable {
  number: number;
  applied: number;
}

export interface Tables {
  home: HomeTable;
  tenants: TenantTable;
  workspaces: WorkspaceTable;
  snapshots: SnapshotTable;
  intents: IntentTable;
  segments: SegmentTable;
  migrations: MigrationTable;
}
