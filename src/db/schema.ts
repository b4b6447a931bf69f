/**
 * All tables. Each is written by exactly one room; others may read it.
 *
 * Types are those that SQLite and PostgreSQL share: ids and digests are lower-case hex in text; times are milliseconds since
 * 1970; numbers are integers below 2^53; a flag is 0 or 1.
 */

import type { Generated } from 'kysely';

import type { CacheTable, RunTable, TaskLayerTable, TaskTable } from './schema-runs.ts';
import type { RunnerTable, SessionRequestTable, SessionTable, SessionTaskTable } from './schema-sessions.ts';

/** One row for each store of this home, which is a region of it. Written by vault/. */
export interface HomeTable {
  /** Unique: `default`, or as in the configuration. */
  region: string;
  /** 32 hex digits; named in the store's owner records. */
  id: string;
  /** The store that belongs to the region, 32 hex digits. Unique: no two regions share one. */
  store: string;
  /** Number of the owner record that named this home. 0: not known yet. Whoever takes the store over creates a higher one. */
  owner: number;
  /** A reader of another home's store changes nothing in it; `taker`: it is being taken over, and what that home removed is not forgotten yet. */
  role: 'owner' | 'reader' | 'taker';
  created: number;
}

/** Owners of workspaces: a row for each region that a tenant has anything in, each with keys of its own. Written by vault/. */
export interface TenantTable {
  id: string;
  region: string;
  /** Unique in its region. Rows of one name are one tenant. */
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
  /** Unique over all rows of the tenant's name. */
  name: string;
  created: number;
  /** Number of the latest head; 0 before the first. */
  seq: number;
  /** Only grows; stands in every head. Above 0 it is that of the last lease: who commits to it has to name it. A replica has that of what it is one of. */
  fence: number;
  /** The workspace that it is a replica of, in another store; null: it lives here. */
  replica_of: string | null;
}

/** A tree that was saved, and what that took. */
export interface TreeColumns {
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
}

/**
 * What a snapshot came from: a save, a fork of another snapshot, the same snapshot in another store, an earlier one of the same workspace that
 * was put back, or files of a runner whose lease was over.
 */
export type SnapshotKind = 'save' | 'fork' | 'replica' | 'restore' | 'conflict';

/** Written by workspace/. A row is the commit of a save. */
export interface SnapshotTable extends TreeColumns {
  /** Unique in its workspace: a snapshot and its replicas are one and the same. */
  id: string;
  workspace: string;
  /** Counts from 1 in each workspace; unique there. Of a replica there may be gaps. */
  number: number;
  /** The head that tells of it. */
  seq: number;
  kind: SnapshotKind;
  created: number;
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

/** Packs that a save has stored, and that no segment in force tells of yet. The next save takes over those of one that was broken off. Written by vault/. */
export interface SentPackTable {
  id: string;
  tenant: string;
  kind: 'data' | 'tree';
  /** Of the save that has stored it, or taken it over. */
  intent: string;
  /** Stored bytes. */
  size: number;
  sent: number;
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
  /** Where its objects are. */
  region: string;
  destroyed: number;
}

/** Trees that are kept by whoever refers to them, and have no name of their own. Written by workspace/. */
export interface LayerTable extends TreeColumns {
  id: string;
  tenant: string;
  created: number;
}

/** What the store was asked for by this home, a row a month. Written by engine/. */
export interface TrafficTable {
  /** As it is named in messages: a home may move to another one. */
  store: string;
  /** `2026-11`, by UTC; unique for each store. */
  month: string;
  /** Requests, also those that failed. */
  puts: number;
  gets: number;
  lists: number;
  deletes: number;
  /** Tries of all these. */
  failed: number;
  /** Of objects. */
  bytes_up: number;
  bytes_down: number;
  /** Reads that the cache answered, and those that it could not. */
  hits: number;
  misses: number;
  bytes_hit: number;
  bytes_missed: number;
}

/** What happened to workspaces and sessions, in the order in which it did. Rows are only added, and go with their tenant. Written by workspace/. */
export interface EventTable {
  /** Ascending, never given twice. */
  seq: Generated<number>;
  at: number;
  /** Name of the tenant. */
  tenant: string;
  kind: string;
  /** Names, as they were then. */
  workspace: string | null;
  session: string | null;
  /** As JSON. Never file content, names of files or secrets. */
  details: string;
}

/** When the clock was last looked at; one row. Written by workspace/. */
export interface ClockTable {
  id: 1;
  /** By the clock that people read. */
  seen: number;
  /** The same by the clock of the boot: milliseconds. */
  uptime: number;
  /** Of which boot. */
  boot: string;
  /** Since when nothing is deleted by its age, as the clock had leapt: by the clock of the boot. Null: it is believed. */
  leapt: number | null;
  /** Milliseconds that the clock is ahead of what it would be without that. 0: it is believed. */
  leap: number;
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
  sent_packs: SentPackTable;
  removed_heads: RemovedHeadTable;
  destroyed: DestroyedTable;
  layers: LayerTable;
  runs: RunTable;
  tasks: TaskTable;
  task_layers: TaskLayerTable;
  caches: CacheTable;
  traffic: TrafficTable;
  runners: RunnerTable;
  sessions: SessionTable;
  session_tasks: SessionTaskTable;
  session_requests: SessionRequestTable;
  events: EventTable;
  clock: ClockTable;
  migrations: MigrationTable;
}
