/** The engine's face: everything that the commands and the library can do. */

import type { Cancellable, Log } from '../base/index.ts';
import type { Change } from '../tree/index.ts';
import type {
  ExportOptions,
  ExportResult,
  ForgetOptions,
  ForgetResult,
  ImportOptions,
  ListOptions,
  ListedEntry,
  ManifestFile,
  Lag,
  PathHistory,
  ReadEventsOptions,
  ReplicateOptions,
  ReplicateResult,
  RestoreOptions,
  RestoreResult,
  SaveOptions,
  SaveResult,
  SnapshotInfo,
  WorkspaceEvent,
  WorkspaceInfo,
} from '../workspace/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import type {
  ConductOptions,
  LastPrinted,
  LastPrintedOptions,
  LogPart,
  PlannedRestart,
  RestartOptions,
  ResumeOptions,
  RunInfo,
  RunPathHistory,
  RunPlan,
  RunSettings,
  ListRunsOptions,
  RunSummary,
} from '../run/index.ts';
import type { InRegion } from './regions.ts';
import type { RotateOptions } from './root-keys.ts';
import type { RunnerOptions, Sessions } from './sessions-face.ts';
import type { ChunkStore } from './store-face.ts';

export interface ReplicateToOptions extends ReplicateOptions {
  /** The region that it comes to. */
  readonly to: string;
  /** Default: where the workspace lives. */
  readonly from?: string | undefined;
}

export interface ReplicatedSnapshot extends ReplicateResult {
  readonly from: string;
  readonly to: string;
}

export interface WorkspaceRegion {
  readonly region: string;
  /** Else it has a replica. */
  readonly livesHere: boolean;
  /** Their numbers, ascending. */
  readonly snapshots: readonly number[];
  /** Behind the workspace itself; undefined if it is not known where that lives. */
  readonly lag: Lag | undefined;
}

/** With a region, a replica of the workspace there is meant; without, the workspace where it lives. `ref` is `NAME[@SNAPSHOT]`, with `:PATH` behind it where a path is meant. */
export interface Workspaces {
  /** A new workspace lives in the region that is named; one that is there is saved where it lives. @throws refused if that is another */
  save(directory: string, options?: SaveOptions & InRegion): Promise<SaveResult>;
  /** From the nearest region that has the snapshot, if none is named. */
  restore(ref: string, directory: string, options?: RestoreOptions & InRegion): Promise<RestoredFrom>;
  /** Of all regions. Asks no store. */
  list(options?: Cancellable): Promise<readonly WorkspaceInfo[]>;
  /** Newest first. */
  log(workspace: string, options?: InRegion): Promise<readonly SnapshotInfo[]>;
  ls(ref: string, options?: ListOptions): AsyncIterable<ListedEntry>;
  /** The bytes of one file. Each part is verified before it is given out. */
  cat(ref: string, options?: Cancellable): AsyncIterable<Uint8Array>;
  diff(before: string, after: string, options?: Cancellable): AsyncIterable<Change>;
  manifest(ref: string, options?: Cancellable): AsyncIterable<ManifestFile>;
  /**
   * Writes a snapshot, or a directory in it, as a tar archive. Each byte is verified before it is written.
   *
   * @param write takes the archive part by part; false ends it early
   */
  exportArchive(
    ref: string,
    write: (part: Uint8Array) => Promise<boolean>,
    options?: ExportOptions,
  ): Promise<ExportResult>;
  /** A tar archive becomes the next snapshot of a workspace, without touching the disk. */
  importArchive(archive: AsyncIterable<Uint8Array>, options: ImportOptions & InRegion): Promise<SaveResult>;
  /** Which snapshots changed a path, `NAME[:PATH]`, the newest first. Reads no file data. */
  why(ref: string, options?: Cancellable): Promise<PathHistory>;
  /** Removes a workspace with all its snapshots; what it takes in the store goes with the next collection. */
  remove(workspace: string, options?: InRegion): Promise<ForgetResult>;
  /** Removes the snapshot that is named, or those of a workspace that no rule keeps. The latest stays. */
  forget(ref: string, options?: ForgetOptions & InRegion): Promise<ForgetResult>;
  /** A new workspace whose first snapshot has the tree of `ref`; no file data is copied. */
  fork(ref: string, name: string, options?: InRegion): Promise<SnapshotInfo>;
  /** A snapshot comes into another region as well, where it can be read and not be saved to. Only what that one lacks is sent. */
  replicate(ref: string, options: ReplicateToOptions): Promise<ReplicatedSnapshot>;
  /** Which snapshots of a workspace are in which regions, where it lives in front. Asks no store. */
  replicas(workspace: string, options?: Cancellable): Promise<readonly WorkspaceRegion[]>;
}

export interface RestoredFrom extends RestoreResult {
  readonly region: string;
  /** How far the latest snapshot there is behind, where the workspace does not live; undefined: it lives there. */
  readonly lag: Lag | undefined;
}

export interface StartRunOptions extends ConductOptions {
  /** Which of the file's runs; undefined: the only one. */
  readonly run?: string | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  /** `DIR|URL[#REF]`; undefined: the git work tree that the run file is in. */
  readonly source?: string | undefined;
  /** Instead of what git says of the source. */
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** Default: `auto`. */
  readonly sandbox?: RunSettings['sandbox'] | undefined;
  /** What sandboxed tasks may write to beside their own directory. */
  readonly bind?: readonly string[] | undefined;
}

/** A run that is in the database, and that this process is to carry. */
export interface RunUnderWay {
  readonly id: string;
  /** As of now, without asking the database. */
  view(): RunInfo;
  /** Returns when it has ended; how, `view` says. An abort of the signal is a cancellation. Call it once. */
  run(): Promise<void>;
}

export interface ReadLogsOptions extends Cancellable {
  /** Name of a task; undefined: all, one after another. */
  readonly task?: string | undefined;
  /** Waits for more as long as the task runs. */
  readonly follow?: boolean | undefined;
}

export interface Runs {
  /** Those that tasks can run on: declared, or this machine. */
  executors(): readonly ExecutorDefinition[];
  /** What a run would do: its tasks by level, where each runs, and what each restore will see. Starts nothing. */
  plan(file: string, options?: StartRunOptions): Promise<RunPlan>;
  start(file: string, options?: StartRunOptions): Promise<RunUnderWay>;
  /** Goes on with a run whose process is gone. */
  resume(id: string, options?: ResumeOptions): Promise<RunUnderWay>;
  /** What a restart would run again and why, and what stands in its way. */
  planRestart(id: string, options: RestartOptions): Promise<PlannedRestart>;
  restart(id: string, options: RestartOptions & ConductOptions): Promise<RunUnderWay>;
  /** Newest first. */
  list(options?: ListRunsOptions & Cancellable): Promise<readonly RunSummary[]>;
  get(id: string, options?: Cancellable): Promise<RunInfo>;
  logs(id: string, options?: ReadLogsOptions): AsyncIterable<LogPart>;
  /** The end of what those tasks printed that failed first, in the step that they failed in. */
  lastPrinted(id: string, options: LastPrintedOptions): Promise<readonly LastPrinted[]>;
  cancel(id: string, options?: Cancellable): Promise<void>;
  approve(id: string, task: string, options?: Cancellable): Promise<void>;
  /** A run that has ended is gone, with what it has printed and the layers that no other run needs. */
  remove(id: string, options?: Cancellable): Promise<void>;
  /** Who wrote a path, `RUN[#TASK]:PATH`, whether the layers can be put together or not. */
  why(ref: string, options?: Cancellable): Promise<RunPathHistory>;
}

/** What the root key opens in one region. */
export interface RegionKeys {
  readonly region: string;
  /** First 16 hex digits of the id of the root key. */
  readonly rootKey: string;
  readonly storeId: string;
  readonly tenants: readonly {
    readonly name: string;
    readonly keyVersions: number;
    readonly created: number;
  }[];
}

/** Of the region in front, and of each. */
export interface KeyStatus extends RegionKeys {
  /** Where the root key comes from, as it is told to people: `key file /home/a/.strata/keys/root.key`. */
  readonly source: string;
  /** Those that have a store and can be asked, `default` in front. */
  readonly regions: readonly RegionKeys[];
  /** Why others cannot. */
  readonly problems: readonly { readonly region: string; readonly message: string }[];
}

/** All of them go over every region. */
export interface Keys {
  status(options?: Cancellable): Promise<KeyStatus>;
  /** Seals every key record with a new root key. @returns the new status */
  rotateRoot(options?: RotateOptions): Promise<KeyStatus>;
  /** Seals what a tenant saves from now on with a new key; what is stored stays as it is. @returns the new status */
  rotateTenant(name: string, options?: Cancellable): Promise<KeyStatus>;
  /** Destroys the keys of a tenant and all that it has: nobody can read any of it again. */
  destroyTenant(name: string, options?: Cancellable): Promise<void>;
  /** The root key as a line of text, or as lines if regions have different ones: whoever has it and the store can read everything. */
  exportRecovery(options?: Cancellable): Promise<string>;
}

export interface Engine extends AsyncDisposable {
  readonly workspaces: Workspaces;
  readonly runs: Runs;
  readonly sessions: Sessions;
  /** Does what is due for the sessions of a runner, and what it is asked for, until the signal is aborted. */
  runRunner(options: RunnerOptions): Promise<void>;
  /** What happened to workspaces and sessions, the oldest first. */
  events(options?: ReadEventsOptions): AsyncIterable<WorkspaceEvent>;
  readonly store: ChunkStore;
  readonly keys: Keys;
  /** Names of the stores in the configuration, `default` in front. */
  readonly regions: readonly string[];
  /** Things to tell the user once, such as where a new root key was put. Emptied by reading. */
  takeNotices(): readonly string[];
}

export interface EngineOptions {
  /** Default: `$STRATA_HOME`, else `~/.strata`. */
  readonly home?: string | undefined;
  /** A configuration file. Default: `$STRATA_CONFIG`, `./strata.yaml`, `<home>/strata.yaml`, else none. */
  readonly config?: string | undefined;
  /** Named like a workspace. Default: `default`. */
  readonly tenant?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /**
   * Where `./strata.yaml` is looked for, and where a relative `home` and `config` start. Default: the current directory, where
   * directories to save and to restore to always start.
   */
  readonly cwd?: string | undefined;
  /**
   * Is told once when something is due that takes longer than a command may: a session is idle, a workspace expires, a store is to be tried
   * again. `runRunner` with the name of the home and `once` does it, in a process of its own. Default: it stays until a runner comes.
   */
  readonly onDue?: ((runner: string) => void) | undefined;
  /** Is told of each step. No secret and no content is in it. */
  readonly log?: Log | undefined;
}
