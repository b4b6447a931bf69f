/** Floor 4: named sequences of snapshots, each a saved directory. */

export {
  everyWorkspace,
  getLocated,
  findSnapshotInfo,
  snapshotNumber,
  listSnapshots,
  listWorkspaces,
  locateToSave,
} from './catalog.ts';
export type { Located } from './catalog.ts';
export { clockFrom, glanceAtClock, lookAtClock } from './clock-brake.ts';
export type { Clocks, LookOptions } from './clock-brake.ts';
export { doubtOf } from './clock-leap.ts';
export type { ClockDoubt, ClockVerdict } from './clock-leap.ts';
export type { Wanted } from './find.ts';
export type { CommitTerms } from './complete.ts';
export { differsFromSnapshot } from './differs.ts';
export { readEvents, recordEvent } from './events.ts';
export type { EventKind, NewEvent, ReadEventsOptions, WorkspaceEvent } from './events.ts';
export { takeFence } from './fence.ts';
export { exportArchive } from './export.ts';
export type { ExportOptions } from './export.ts';
export { forkWorkspace } from './fork.ts';
export { importArchive, prepareImport } from './import.ts';
export type { ImportOptions } from './import.ts';
export { cat, compare, list, manifest } from './read.ts';
export type { ListOptions, ListedEntry, ManifestFile } from './read.ts';
export { buildLayer } from './layer-tree.ts';
export type { LayerContent, LayerOptions, LayerTree } from './layer-tree.ts';
export { LayerSaves } from './layers.ts';
export type { LayerRequest } from './layers.ts';
export { mergeLayers, selectRoot } from './merged.ts';
export { Overlay, eitherNodes } from './overlay.ts';
export type { Merged, ReadableTree, WorkspaceLayer } from './merged.ts';
export { restoreWorkspaceTree } from './restore-tree.ts';
export type { RestoredTree } from './restore-tree.ts';
export { checkName, isName, isRunId, namesRun, parseRef } from './name.ts';
export { putBack } from './put-back.ts';
export { checkNotOlder, forgetGone, publishAgain } from './older.ts';
export { recoverWorkspaces } from './recover.ts';
export type { Recovered } from './recover.ts';
export { replicate } from './replicate.ts';
export type { ReplicateOptions } from './replicate.ts';
export { replicasOf } from './replicas.ts';
export type { Place, WorkspacePlace } from './replicas.ts';
export { forgetSnapshots, removeWorkspace } from './remove.ts';
export type { ForgetOptions } from './remove.ts';
export { prepareRestore, restoreSnapshot } from './restore.ts';
export type { RestoreOptions } from './restore.ts';
export type { Tally } from '../disk/index.ts';
export type {
  ExportResult,
  ForgetResult,
  Lag,
  LeftOut,
  PathChange,
  PathHistory,
  ReplicateResult,
  RestoreResult,
  SaveResult,
  SnapshotInfo,
  StoreStats,
  WorkspaceInfo,
} from './results.ts';
export { prepareSave, saveDirectory, workspaceOf } from './save.ts';
export type { SaveOptions } from './save.ts';
export { storeStats } from './stats.ts';
export { explainPath } from './why.ts';
export type { Query, WorkspaceWorld } from './world.ts';
