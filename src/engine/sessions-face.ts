/** Everything that can be done with sessions: what the engine's face has of them. */

import type { Cancellable } from '../base/index.ts';
import type { Mobility, SessionState, StorageType } from '../db/index.ts';
import type { Progress } from '../disk/index.ts';
import type {
  Checkpoint,
  ExecResult,
  Labels,
  RestoredSession,
  RunnerInfo,
  SessionInfo,
} from '../session/index.ts';

export interface Watched extends Cancellable {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface CreateSessionOptions extends Watched {
  /** Default: a new one, as in `session-0123456789ab`. Its workspace has the same name. */
  readonly name?: string | undefined;
  readonly agent?: string | undefined;
  readonly labels?: Labels | undefined;
  /** MiB. Default: that of the configuration. */
  readonly quotaMb?: number | undefined;
  /** Default: `local`. */
  readonly mobility?: Mobility | undefined;
  /** Default: `volume`. */
  readonly storageType?: StorageType | undefined;
  /** Where it works and where its snapshots are stored. Default: that of the runner. */
  readonly region?: string | undefined;
  /** Default: one of the region; the home itself if it is there. */
  readonly runner?: string | undefined;
  /** Milliseconds; 0: never. Default: half an hour. */
  readonly idleTimeout?: number | undefined;
  /** Milliseconds, after it has ended. */
  readonly retention?: number | undefined;
  /** `NAME[@SNAPSHOT]` or `RUN[#TASK]` that it starts from. Default: it is empty. */
  readonly from?: string | undefined;
  readonly checkpointEach?: boolean | undefined;
}

export interface ExecOptions extends Cancellable {
  /** Takes what the command prints, as it comes, one call at a time. */
  readonly onOutput: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void | Promise<void>;
  /** What the command reads; undefined: nothing. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Below the workspace, or absolute as the command sees it. Default: the workspace. */
  readonly workingDir?: string | undefined;
  /** Default: `auto`. */
  readonly sandbox?: 'auto' | 'require' | 'off' | undefined;
  /** Run in a container of this image. */
  readonly image?: string | undefined;
  /** Make a checkpoint when it has ended. Default: as the session was created. */
  readonly checkpoint?: boolean | undefined;
}

export interface ResumeSessionOptions extends Watched {
  readonly runner?: string | undefined;
  readonly region?: string | undefined;
  /** Go on from the last snapshot, though a runner has newer files. */
  readonly acceptLoss?: boolean | undefined;
}

export interface TerminateOptions extends Watched {
  /** Make no last snapshot. */
  readonly discard?: boolean | undefined;
  /** Milliseconds. Default: as the session was created. */
  readonly retention?: number | undefined;
}

export interface ListSessionsOptions extends Cancellable {
  readonly state?: SessionState | undefined;
  /** All of these. */
  readonly labels?: Labels | undefined;
  /** Also those whose workspace is gone. */
  readonly all?: boolean | undefined;
}

/** A session whose files were saved just now, as far as there was something to save. */
export interface SavedSession extends SessionInfo {
  /** What is not kept of them, a line each. */
  readonly warnings: readonly string[];
}

/** `session` is a name or an id. */
export interface Sessions {
  create(options?: CreateSessionOptions): Promise<SessionInfo>;
  /** Runs a command with the workspace at `/workspace`. What it ends with is in the answer, whatever it is. */
  exec(session: string, words: readonly [string, ...string[]], options: ExecOptions): Promise<ExecResult>;
  /** Stops its commands, saves its files, gives the runner back. */
  suspend(session: string, options?: Watched): Promise<SavedSession>;
  resume(session: string, options?: ResumeSessionOptions): Promise<SessionInfo>;
  checkpoint(
    session: string,
    options?: Watched & { readonly message?: string | undefined },
  ): Promise<Checkpoint>;
  /** @param ref `SESSION@SNAPSHOT`; what it replaces is saved first */
  restore(
    ref: string,
    options?: Watched & { readonly dryRun?: boolean | undefined },
  ): Promise<RestoredSession>;
  /** A new session, suspended, that starts from a snapshot of this one; nothing is copied. @param ref `SESSION[@SNAPSHOT]` */
  fork(ref: string, options?: CreateSessionOptions): Promise<SessionInfo>;
  /** Held, it does not expire. */
  hold(session: string, held: boolean, options?: Cancellable): Promise<SessionInfo>;
  terminate(session: string, options?: TerminateOptions): Promise<SavedSession>;
  undelete(session: string, options?: Cancellable): Promise<SessionInfo>;
  /** The newest first. */
  list(options?: ListSessionsOptions): Promise<readonly SessionInfo[]>;
  get(session: string, options?: Cancellable): Promise<SessionInfo>;
  runners(options?: Cancellable): Promise<readonly RunnerInfo[]>;
}

/** What a runner came to, with everything filled in. */
export interface RunnerReady {
  readonly name: string;
  readonly region: string;
  /** Absolute. */
  readonly baseDir: string;
  /** Milliseconds. Undefined: it is the home itself, whose leases last. */
  readonly lease: number | undefined;
}

export interface RunnerOptions extends Cancellable {
  readonly name: string;
  /** Default: `default`. */
  readonly region?: string | undefined;
  /** Default: that of the configuration. */
  readonly baseDir?: string | undefined;
  /** Milliseconds. Default: 30 s. */
  readonly lease?: number | undefined;
  /** Do what is due once, and return. */
  readonly once?: boolean | undefined;
  /** Is told once, when it is there for whoever asks, before anything that is due is done. */
  readonly onReady?: ((runner: RunnerReady) => void) | undefined;
  /** Is told of each thing that it does. */
  readonly onActivity?: ((line: string) => void) | undefined;
}
