/** What the operations of this room answer. Byte counts are plain numbers of bytes; times are milliseconds since 1970. */

import type { SnapshotKind } from '../db/index.ts';
import type { LeftOutReason, Plan, Tally } from '../disk/index.ts';
import type { ClockDoubt } from './clock-leap.ts';
import type { Entry, Path } from '../tree/index.ts';
import type { CopiedChunks, Usage } from '../vault/index.ts';

/** Things of one kind that a save did not keep. */
export interface LeftOut extends Tally {
  readonly what: LeftOutReason;
}

/** Which snapshot, and what is in it or was chosen of it. */
interface SnapshotFigures extends Omit<TreeFigures, 'snapshot'> {
  readonly snapshot: number;
}

interface TreeFigures {
  /** Or what else the reference named, as in `run-0123456789ab#build`. */
  readonly workspace: string;
  /** Undefined: it is no snapshot. */
  readonly snapshot: number | undefined;
  /** Of the whole snapshot. 64 hex digits. */
  readonly digest: string;
  readonly files: number;
  readonly dirs: number;
  readonly symlinks: number;
  /** Logical bytes of all files. */
  readonly bytes: number;
}

export interface SaveResult extends SnapshotFigures {
  /** Plain bytes that were not stored before. */
  readonly newBytes: number;
  /** What packs, trees and indexes grew by. */
  readonly storedBytes: number;
  readonly seconds: number;
  readonly leftOut: readonly LeftOut[];
  /** What could not be read, with `skipUnreadable`. */
  readonly skipped: Tally;
  /** What was left out, in a sentence for each kind. */
  readonly warnings: readonly string[];
}

/** How far a replica is behind the workspace that it is one of. */
export interface Lag {
  /** That came after its latest. */
  readonly snapshots: number;
  /** Between its latest and the latest. */
  readonly seconds: number;
}

export interface ReplicateResult extends SnapshotFigures {
  /** Plain bytes of file data that the other store did not have. */
  readonly newBytes: number;
  /** What it grew by. */
  readonly storedBytes: number;
  readonly chunks: CopiedChunks;
  /** It was there before, or another process brought it meanwhile. */
  readonly already: boolean;
  /** Of the replica, by now. */
  readonly lag: Lag;
  readonly seconds: number;
}

export interface RestoreResult extends TreeFigures {
  readonly seconds: number;
  /** What was done or, in a dry run, would be. */
  readonly plan: Plan;
}

export interface ExportResult extends TreeFigures {
  /** Of the directory that was exported. 64 hex digits. */
  readonly digest: string;
  readonly archiveBytes: number;
  readonly seconds: number;
}

export interface PathHistory {
  readonly path: Path;
  /** Newest first. */
  readonly changes: readonly PathChange[];
}

/** What one snapshot did to a path. `kind`: what stands there is of another kind. */
export interface PathChange {
  readonly snapshot: number;
  readonly created: number;
  readonly change: 'added' | 'removed' | 'changed' | 'kind';
  /** The root of a snapshot is a directory with an empty name. */
  readonly before: Entry | undefined;
  readonly after: Entry | undefined;
  readonly message: string;
}

export interface WorkspaceInfo {
  readonly name: string;
  /** Where it lives. */
  readonly region: string;
  readonly id: string;
  readonly created: number;
  /** How many snapshots, and the number of the latest. */
  readonly snapshots: number;
  readonly latest: number;
  readonly updated: number;
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
  /** The id of the workspace in another store that it is a replica of. */
  readonly replicaOf: string | undefined;
}

export interface SnapshotInfo extends SnapshotFigures {
  readonly id: string;
  readonly kind: SnapshotKind;
  readonly created: number;
  readonly newBytes: number;
  readonly storedBytes: number;
  readonly message: string;
  /** `NAME@N` that a fork came from. */
  readonly parent: string | undefined;
}

export interface ForgetResult {
  readonly workspace: string;
  /** Numbers of snapshots that are gone or, in a dry run, would be; ascending. */
  readonly forgotten: readonly number[];
  readonly kept: readonly number[];
  /** Why a rule about ages has kept all of them. */
  readonly clock?: ClockDoubt | undefined;
}

export interface StoreStats extends Usage {
  readonly workspaces: number;
  readonly snapshots: number;
  /** Of the latest snapshot of each workspace. */
  readonly files: number;
  /** Of runs, and their caches. */
  readonly layers: number;
  /** Bytes of the files of all snapshots and layers, as if each were kept whole. */
  readonly logicalBytes: number;
  /**
   * How many times less is kept than there is: `deduplication` is logical by unique bytes, so holes and what trees share count;
   * `compression` is unique by packed bytes. Both are of one tenant, and of what is not collected yet. Undefined where there is nothing.
   */
  readonly deduplication: number | undefined;
  readonly compression: number | undefined;
}
