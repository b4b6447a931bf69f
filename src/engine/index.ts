/** The roof: the one place that chooses concrete parts and gives the rooms below one face. */

export { loadConfig } from './config-file.ts';
export type { Config, KeySource, RetentionConfig } from './config.ts';
export { endpointVariable, placeText } from './config-place.ts';
export type { GcsConfig, PlaceConfig, S3Config } from './config-place.ts';
export { DEFAULT_REGION } from './config-regions.ts';
export type { RegionConfig } from './config-regions.ts';
export type { StoreCost, TrafficCost } from './cost.ts';
export type {
  Engine,
  EngineOptions,
  KeyStatus,
  Keys,
  RegionKeys,
  ReplicateToOptions,
  ReplicatedSnapshot,
  RunUnderWay,
  Runs,
  StartRunOptions,
  WorkspaceRegion,
  RestoredFrom,
  Workspaces,
} from './engine.ts';
export { openEngine } from './open.ts';
export { prepareAttach } from './prepare-attach.ts';
export type { InRegion } from './regions.ts';
export type {
  CreateSessionOptions,
  ExecOptions,
  ListSessionsOptions,
  ResumeSessionOptions,
  RunnerOptions,
  Sessions,
  TerminateOptions,
} from './sessions-face.ts';
export type {
  AttachOptions,
  AttachResult,
  ChunkStore,
  CollectResult,
  CollectStoreOptions,
  RebuildResult,
} from './store-face.ts';
export type { StoreReport, TrafficFigures } from './store-report.ts';
