/** What the operations of this room answer. Byte counts are plain numbers of bytes; times are milliseconds since 1970. */

import type { Path } from '../tree/index.ts';

/** Things of one kind that a save left out of the tree: sockets, set-user-id bits, … */
export interface LeftOut {
  /** As it is told to people: `FIFO`, `socket`, `setuid bit`. */
  readonly what: string;
  readonly count: number;
  /** The first few. */
  readonly paths: readonly Path[];
}

export interface SaveResult {
  readonly workspace: string;
  readonly snapshot: number;
  /** 64 hex digits. */
  readonly digest: string;
  readonly files: number;
  readonly dirs: number;
  readonly symlinks: number;
  /** Logical bytes of all files. */
  readonly bytes: number;
  /** Plain bytes that were not stored before. */
  readonly newBytes: number;
  /** What packs, trees and indexes grew by. */
  readonly storedBytes: number;
  readonly seconds: number;
  readonly leftOut: readonly LeftOut[];
  /** Paths that could not be read, with `skipUnreadable`. */
  readonly skipped: readonly Path[];
}

export interface RestoreResult {
  readonly workspace: string;
  readonly snapshot: number;
  readonly digest: string;
  readonly files: number;
  readonly dirs: number;
  readonly symlinks: number;
  readonly bytes: number;
  readonly seconds: number;
  /** Only for a dry run: what would happen, in path order. */
  readonly plan?: readonly PlannedChange[];
}

export interface PlannedChange {
  readonly action: 'add' | 'replace';
  readonly path: Path;
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

export interface SnapshotInfo {
  readonly workspace: string;
  readonly snapshot: number;
  readonly id: string;
  readonly kind: 'save' | 'fork';
  readonly created: number;
  readonly digest: string;
  readonly files: number;
  readonly dirs: number;
  readonly symlinks: number;
  readonly bytes: number;
  readonly newBytes: number;
  readonly storedBytes: number;
  readonly message: string;
  /** `NAME@N` that a fork came from. */
  readonly parent: string | undefined;
}

/** Passed on from time to time while files are saved or restored. */
export interface Progress {
  readonly files: number;
  readonly bytes: number;
}
