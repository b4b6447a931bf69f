/** Strata as a library: the engine of the commands. */

export { StrataError, isStrataError } from './base/index.ts';
export type { Cancellable, ErrorCode, ErrorDetails } from './base/index.ts';
export { openEngine } from './engine/index.ts';
export type {
  ChunkStore,
  Engine,
  EngineOptions,
  InRegion,
  KeyStatus,
  Keys,
  RebuildResult,
  RegionKeys,
  ReplicateToOptions,
  ReplicatedSnapshot,
  StoreCost,
  StoreReport,
  TrafficCost,
  TrafficFigures,
  WorkspaceRegion,
  Workspaces,
} from './engine/index.ts';
export { displayPath, parsePath, pathJson } from './tree/index.ts';
export type { Change, Entry, Path } from './tree/index.ts';
export type { Problem, ProblemCode, VerifyReport } from './vault/index.ts';
export type {
  ClockDoubt,
  EventKind,
  ExportOptions,
  ExportResult,
  ImportOptions,
  Lag,
  LeftOut,
  ListOptions,
  ListedEntry,
  ManifestFile,
  PathChange,
  PathHistory,
  ReadEventsOptions,
  ReplicateOptions,
  ReplicateResult,
  RestoreOptions,
  RestoreResult,
  SaveOptions,
  SaveResult,
  SnapshotInfo,
  StoreStats,
  Tally,
  WorkspaceEvent,
  WorkspaceInfo,
} from './workspace/index.ts';
