/** What the operations of this room answer. Byte counts are plain numbers of bytes; times are milliseconds since 1970. */

import type { LeftOutReason, Plan, Tally } from '../disk/index.ts';
import type { Usage } from '../vault/index.ts';

/** Things of one kind that a save did not keep. */
export interface LeftOut extends Tally {
  readonly what: LeftOutReason;
}

/** Which snapshot, and what is in it or was chosen of it. */
interface SnapshotFigures {
  readonly workspace: string;
  readonly snapshot: number;
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

export interface RestoreResult extends SnapshotFigures {
  readonly seconds: number;
  /** What was done or, in a dry run, would be. */
  readonly plan: Plan;
}

export interface WorkspaceInfo {
  readonly name: string;
  readonly id: string;
  readonly created: number;
  /** How many snapshots, and the number of the latest. */
  readonly snapshots: number;
  readonly latest: number;
  readonly updated: number;
  readonly digest: string;
  readonly files: number;
  readonly bytes: number;
}

export interface SnapshotInfo extends SnapshotFigures {
  readonly id: string;
  readonly kind: 'save' | 'fork';
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
}

export interface StoreStats extends Usage {
  readonly workspaces: number;
  readonly snapshots: number;
  /** Of the latest snapshot of each workspace. */
  readonly files: number;
  /** Bytes of the files of all snapshots, as if each were kept whole. */
  readonly logicalBytes: number;
}
