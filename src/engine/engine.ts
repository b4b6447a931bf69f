/** The engine's face: everything that the commands and the library can do. */

import type { Change, Entry, Path } from '../tree/index.ts';
import type { StoreStats, VerifyReport } from '../vault/index.ts';
import type { Progress, RestoreResult, SaveResult, SnapshotInfo, WorkspaceInfo } from '../workspace/index.ts';

export interface Cancellable {
  readonly signal?: AbortSignal | undefined;
}

export interface SaveOptions extends Cancellable {
  /** Default: the name of the directory. */
  readonly workspace?: string | undefined;
  /** Globs against paths relative to the directory; `**` crosses directories, dotfiles match. */
  readonly exclude?: readonly string[] | undefined;
  readonly message?: string | undefined;
  /** Leave out what cannot be read, and say so, rather than refuse. */
  readonly skipUnreadable?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface RestoreOptions extends Cancellable {
  /** Restores this path only, at the same place below the target. */
  readonly path?: string | undefined;
  readonly dryRun?: boolean | undefined;
  /** Go ahead in a directory that is not empty: differing files are replaced, foreign ones stay. */
  readonly overwrite?: boolean | undefined;
  /** Make the files durable before returning. */
  readonly sync?: boolean | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface ListOptions extends Cancellable {
  readonly recursive?: boolean | undefined;
}

export interface ListedEntry {
  /** Relative to the directory that was asked for; for a file asked for by its path, its name. */
  readonly path: Path;
  readonly entry: Entry;
}

export interface ManifestFile {
  readonly path: Path;
  readonly mode: number;
  readonly size: number;
  /** Hex ids in order; `null` is a hole. */
  readonly chunks: readonly (string | null)[];
}

/** `ref` is `NAME[@SNAPSHOT]`, with `:PATH` behind it where a path is meant. */
export interface Workspaces {
  save(directory: string, options?: SaveOptions): Promise<SaveResult>;
  restore(ref: string, directory: string, options?: RestoreOptions): Promise<RestoreResult>;
  list(options?: Cancellable): Promise<readonly WorkspaceInfo[]>;
  /** Newest first. */
  log(workspace: string, options?: Cancellable): Promise<readonly SnapshotInfo[]>;
  ls(ref: string, options?: ListOptions): AsyncIterable<ListedEntry>;
  /** The bytes of one file. Each part is verified before it is given out. */
  cat(ref: string, options?: Cancellable): AsyncIterable<Uint8Array>;
  diff(before: string, after: string, options?: Cancellable): AsyncIterable<Change>;
  manifest(ref: string, options?: Cancellable): AsyncIterable<ManifestFile>;
  /** A new workspace whose first snapshot has the tree of `ref`; no file data is copied. */
  fork(ref: string, name: string, options?: Cancellable): Promise<SnapshotInfo>;
}

export interface VerifyOptions extends Cancellable {
  /** Also open every block and hash every chunk. */
  readonly readData?: boolean | undefined;
  readonly onProgress?:
    | ((progress: { readonly objects: number; readonly bytes: number }) => void)
    | undefined;
}

export interface RebuildResult {
  readonly packs: number;
  readonly chunks: number;
  readonly workspaces: number;
  readonly snapshots: number;
  readonly seconds: number;
}

export interface ChunkStore {
  stats(options?: Cancellable): Promise<StoreStats>;
  verify(options?: VerifyOptions): Promise<VerifyReport>;
  /** Makes index and database anew from packs and heads alone. */
  rebuildIndex(options?: Cancellable): Promise<RebuildResult>;
}

export interface KeyStatus {
  /** Where the root key comes from, as it is told to people: `key file /home/a/.strata/keys/root.key`. */
  readonly source: string;
  /** First 16 hex digits of the id of the root key. */
  readonly rootKey: string;
  readonly storeId: string;
  readonly tenants: readonly {
    readonly name: string;
    readonly keyVersions: number;
    readonly created: number;
  }[];
}

export interface RotateOptions extends Cancellable {
  /** For a store whose key is a passphrase: the new one. */
  readonly newPassphrase?: string | undefined;
  /** For a store whose key comes from a command: what prints the new one. */
  readonly newKeyCommand?: readonly string[] | undefined;
}

export interface Keys {
  status(options?: Cancellable): Promise<KeyStatus>;
  /** Seals every key record with a new root key. @returns the new status */
  rotateRoot(options?: RotateOptions): Promise<KeyStatus>;
  /** The root key as a line of text: whoever has it and the store can read everything. */
  exportRecovery(): Promise<string>;
}

export interface Engine extends AsyncDisposable {
  readonly workspaces: Workspaces;
  readonly store: ChunkStore;
  readonly keys: Keys;
  /** Things to tell the user once, such as where a new root key was put. Emptied by reading. */
  takeNotices(): readonly string[];
}

export interface EngineOptions {
  /** Default: `$STRATA_HOME`, else `~/.strata`. */
  readonly home?: string | undefined;
  /** A configuration file. Default: `$STRATA_CONFIG`, `./strata.yaml`, `<home>/strata.yaml`, else none. */
  readonly config?: string | undefined;
  readonly tenant?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where relative paths start, and where `./strata.yaml` is looked for. Default: the current directory. */
  readonly cwd?: string | undefined;
}
