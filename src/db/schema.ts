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
  /** Number of the owner record that named this home. 0: not known yet. Whoever takes the store over creates a higher one. */
  owner: number;
  /** A reader of another home's store changes nothing in it. */
  role: 'owner' | 'reader';
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
  /** Counts the times that objects of the tenant were condemned, from 1. */
  epoch: number;
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

/** What is under way: `read` keeps what a restore needs, `collect` keeps a second collector away. */
export type IntentKind = 'save' | 'read' | 'collect';

/** Written by vault/. */
export interface IntentTable {
  id: string;
  tenant: string;
  kind: IntentKind;
  /** Of the tenant when it began. */
  epoch: number;
  /** The process, as `base/` names it. */
  holder: string;
  /** What a `read` reads: Root records of docs/design.md 3.6, one after another. */
  roots: Uint8Array;
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

/** Why an object is condemned: nothing refers to it, or what did is elsewhere now; or no segment in force ever told of it. */
export type Condemnation = 'dead' | 'moved' | 'orphan';

/** Objects that are deleted as soon as nobody can need them any more. Saves do not refer to what is in them. Written by vault/. */
export interface CondemnedTable {
  /** Of the pack or segment. */
  id: string;
  tenant: string;
  kind: 'data' | 'tree' | 'index';
  reason: Condemnation;
  /** Whatever began in an earlier epoch may refer to it. */
  epoch: number;
  since: number;
  /** Stored bytes. */
  size: number;
}

/** Packs that are missing or damaged: saves store again what is in them. Written by vault/. */
export interface SuspectTable {
  id: string;
  tenant: string;
  kind: 'data' | 'tree';
  reason: 'missing' | 'damaged';
  noticed: number;
}

/** Heads of snapshots that were removed; their objects go at once or with the next collection. Written by workspace/. */
export interface RemovedHeadTable {
  tenant: string;
  workspace: string;
  seq: number;
  removed: number;
}

/** Tenants whose keys were destroyed: what is left of them is deleted. Written by vault/. */
export interface DestroyedTable {
  id: string;
  destroyed: number;
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
  condemned: CondemnedTable;
  suspects: SuspectTable;
  removed_heads: RemovedHeadTable;
  destroyed: DestroyedTable;
  migrations: MigrationTable;
}
