/** The tables of sessions: written by session/, all of them. */

/** What a session may be. Which state may follow which is written down in session/. */
export type SessionState = 'pending' | 'active' | 'suspending' | 'suspended' | 'resuming' | 'terminated';

/** What holds the files while the session is at work. */
export type StorageType = 'volume' | 'pvc' | 'cas';

/** Where it may be resumed. */
export type Mobility = 'local' | 'shared' | 'object_sync';

/** Where the newest of its files are: on the runner alone; in the store, with no head that tells of them yet; safe in the store. */
export type Durability = 'local' | 'uploaded' | 'durable';

/** A process that has working directories; or the home itself, between commands. */
export interface RunnerTable {
  id: string;
  /** Unique. */
  name: string;
  region: string;
  /** Absolute. */
  base_dir: string;
  /** The process, as `base/` names it; of the home the one that does what is due, as any of its processes may act for it. Null: none. */
  holder: string | null;
  /** Milliseconds that a lease lasts without being renewed. Null: the home's, that has no process to renew them. */
  lease: number | null;
  /** When it last said that it is there. */
  seen: number;
  created: number;
}

export interface SessionTable {
  id: string;
  /** Name of the tenant. */
  tenant: string;
  /** That of its workspace. Unique among those that have not expired. */
  name: string;
  /** Who works in it, as told; empty: nobody said. */
  agent: string;
  state: SessionState;
  /** Of its workspace. Null: it is not there yet. */
  workspace: string | null;
  /** Where its workspace lives. */
  store_region: string;
  /** Where it is at work, or was last. */
  region: string;
  storage_type: StorageType;
  mobility: Mobility;
  /** 1 MB is 1 MiB. */
  quota_mb: number;
  /** By what the quota is kept; null: it was never at work. */
  quota_means: string | null;
  /** Bytes of its files, when they were last counted. */
  used: number;
  /** The runner that has its lease. */
  runner: string | null;
  /** The runner that it was at work on last. */
  last_runner: string | null;
  /** Of its lease; stands in the row of the workspace too, where commits look. */
  fence: number;
  /** When the lease is over unless it is renewed. Null: there is none, or it is the home's, which lasts. */
  lease_until: number | null;
  /** The process that carries an operation. */
  holder: string | null;
  /** What that does. */
  operation: string | null;
  /** 1: `last_runner` has files that are in no snapshot yet. */
  unsaved: 0 | 1;
  /** Of the lease that those were made under; a directory with another one has older ones. Null: there are none. */
  unsaved_fence: number | null;
  durability: Durability;
  /** Why it is not as one would expect; null: it is. */
  reason: string | null;
  /** Tries to bring unsaved files to the store that have failed in a row. */
  tries: number;
  /** When the next one is due. */
  retry_at: number | null;
  /** 1: it does not expire. */
  held: 0 | 1;
  /** Milliseconds. 0: it never suspends by itself. */
  idle_timeout: number;
  /** 1: a checkpoint after each task. */
  checkpoint_each: 0 | 1;
  /** When something was last done in it. */
  last_active: number;
  /** As asked for, in milliseconds; null: the default. */
  retention_requested: number | null;
  /** Milliseconds; null: it has not ended. */
  retention: number | null;
  terminated: number | null;
  /** When its workspace may go: promised, so it never comes nearer. Null: it has not ended. */
  expires: number | null;
  /** 1: somebody was told that this is near. */
  warned: 0 | 1;
  /** When its workspace was removed. */
  expired: number | null;
  /** As JSON, `{name: value}`. */
  labels: string;
  created: number;
}

/** A command that was run in a session. */
export interface SessionTaskTable {
  id: string;
  session: string;
  /** Counts from 1 in each session; unique there. */
  number: number;
  /** The words of the command, sealed with the tenant's key: they may hold secrets. Null: the key was out of reach. */
  command: Uint8Array | null;
  status: 'running' | 'ended' | 'stopped' | 'lost';
  exit_code: number | null;
  /** That it runs on. */
  runner: string;
  /** The process that stands by it. */
  holder: string;
  /** Where its scratch directory is, so that what is left of it can be found. */
  place: string;
  executor: string;
  started: number;
  ended: number | null;
  /** The checkpoint behind it. */
  snapshot: number | null;
}

/** What a process wants done by the runner that has a session. What exactly, and what came of it, is in files of the home. */
export interface SessionRequestTable {
  id: string;
  runner: string;
  /** Name of the tenant that it is for. */
  tenant: string;
  kind: string;
  /** The process that asks; nobody needs the answer once it is gone. */
  asker: string;
  status: 'waiting' | 'taken' | 'done';
  /** 1: the asker wants it to end. */
  cancel: 0 | 1;
  /** The process that has taken it. */
  taker: string | null;
  created: number;
}
