/** What the operations on sessions answer. Times are milliseconds since 1970, lengths of time milliseconds, sizes bytes. */

import type { Durability, Mobility, SessionState, StorageType } from '../db/index.ts';
import type { Change } from '../tree/index.ts';
import type { SnapshotInfo } from '../workspace/index.ts';

export type Labels = Readonly<Record<string, string>>;

export interface SessionRetention {
  /** Undefined: the default. */
  readonly requested: number | undefined;
  readonly effective: number;
  /** `requested` was outside of what the configuration allows. */
  readonly clamped: boolean;
  /** Undefined: it has not ended. */
  readonly expiresAt: number | undefined;
}

export interface SessionInfo {
  readonly id: string;
  readonly name: string;
  /** Empty: nobody said. */
  readonly agent: string;
  readonly state: SessionState;
  /** Name of its workspace, which is that of the session. */
  readonly workspace: string;
  readonly storageType: StorageType;
  readonly mobility: Mobility;
  /** Where it is at work, or was last. */
  readonly region: string;
  /** Where its snapshots are stored. */
  readonly storeRegion: string;
  /** The runner that has it; undefined: none. */
  readonly runner: string | undefined;
  /** The one that it was at work on last. */
  readonly lastRunner: string | undefined;
  /** Where its files are while it is at work, on the disk of that runner. */
  readonly directory: string | undefined;
  readonly quotaMb: number;
  /** Undefined: it was never at work. */
  readonly quotaMeans: string | undefined;
  readonly usedBytes: number;
  readonly durability: Durability;
  /** All that it has is where another runner can get it. */
  readonly synced: boolean;
  /** Why it is as it is, if that is not what one would expect: `runner_lost`, `store_unavailable: …`, `idle`. */
  readonly reason: string | undefined;
  /** The latest. Undefined: there is none yet. */
  readonly snapshot: number | undefined;
  /** When that was made. */
  readonly snapshotCreated: number | undefined;
  /** Commands that run in it. */
  readonly runningTasks: number;
  readonly retention: SessionRetention;
  readonly held: boolean;
  readonly idleTimeout: number;
  readonly checkpointEach: boolean;
  readonly labels: Labels;
  readonly created: number;
  readonly lastActive: number;
  readonly terminated: number | undefined;
  readonly expired: number | undefined;
  /** Workspaces that keep files of runners whose lease was over. */
  readonly conflicts: readonly string[];
}

export interface Checkpoint extends SnapshotInfo {
  /** Commands that ran meanwhile: what they were writing may be half there. */
  readonly runningTasks: number;
  readonly durability: Durability;
  /** What is not kept of the files, a line each. */
  readonly warnings: readonly string[];
  readonly seconds: number;
}

/** What a restore to an earlier snapshot does. */
export interface SessionRestore {
  readonly session: string;
  /** The number that was asked for. */
  readonly restored: number;
  /** What there was before, by which it can be undone. With `dryRun`: the latest there is; an active session may have changed since. */
  readonly replaced: number;
  /** The new latest snapshot, with the tree of `restored`. Undefined with `dryRun`. */
  readonly snapshot: number | undefined;
  readonly dryRun: boolean;
  readonly seconds: number;
}

export type RestoredSession = SessionRestore & RestoredChanges;

/** What is different between what a restore replaces and what it restores. */
export interface RestoredChanges {
  /** The first of them. */
  readonly changes: readonly Change[];
  readonly changed: { readonly added: number; readonly removed: number; readonly modified: number };
}

export interface ExecResult {
  /** As in `task-0123456789ab`. */
  readonly task: string;
  readonly exitCode: number;
  /** As in `SIGKILL`. */
  readonly signal: string | undefined;
  readonly seconds: number;
  /** The checkpoint behind it, if one was made. */
  readonly snapshot: number | undefined;
  /** Why there is none, though one was wanted. */
  readonly checkpointFailure: string | undefined;
  /** The session's quota was used up when it ended, or ended it. */
  readonly quota: QuotaExceeded | undefined;
}

export interface QuotaExceeded {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** The largest first. */
  readonly biggest: readonly { readonly path: string; readonly bytes: number }[];
  /** The task was ended by it; else it was refused space, and may have gone on. */
  readonly stopped: boolean;
}

export interface RunnerInfo {
  readonly name: string;
  readonly region: string;
  readonly baseDir: string;
  /** `home`: any process of the home acts for it. */
  /** `silent`: its process is there, and has not renewed its leases in time. */
  readonly state: 'home' | 'lives' | 'silent' | 'gone';
  readonly sessions: number;
  readonly seen: number;
}
