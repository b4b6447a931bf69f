/** Strata as a library: the engine of the commands. */

export { StrataError, isStrataError } from './base/index.ts';
export type { ErrorCode, ErrorDetails } from './base/index.ts';
export { openEngine } from './engine/index.ts';
export type {
  Cancellable,
  ChunkStore,
  Engine,
  EngineOptions,
  KeyStatus,
  Keys,
  RebuildResult,
  Workspaces,
} from './engine/index.ts';
export { displayPath, parsePath, pathJson } from './tree/index.ts';
export type { Change, Entry, Path } from './tree/index.ts';
export type { Problem, ProblemCode, StoreStats, VerifyReport } from './vault/index.ts';
export type {
  LeftOut,
  ListOptions,
  ListedEntry,
  ManifestFile,
  RestoreOptions,
  RestoreResult,
  SaveOptions,
  SaveResult,
  SnapshotInfo,
  Tally,
  WorkspaceInfo,
} from './workspace/index.ts';
