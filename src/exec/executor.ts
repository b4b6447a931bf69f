/**
 * The contract of executors: one command at a time in a place that was made for it. An executor is given a directory of this machine and
 * commands, and has never heard of tasks or workspaces.
 *
 * - A *place* is made anew for each attempt and taken away whole: nothing that a command leaves behind, on the disk or running, outlives
 *   it. Its `directory` is on this machine's disk, and whoever owns the place reads and writes there between commands.
 * - Commands see `directory` as their HOME, wherever the executor shows it. They get the environment that is given, a PATH, and nothing
 *   else of the caller's.
 * - `run` returns when the command has ended *and* nothing that it started is left. Cancellation kills: SIGTERM, after a grace SIGKILL.
 *   Processes that ignore signals, leave the process group or the session die as well.
 * - Output is streamed, in order, at the pace of whoever takes it: an executor keeps no more than a few hundred KB of it.
 * - A place may show directories besides its own. They belong to somebody else: they stay when it is taken away, and several places, each
 *   with its command, may show the same one.
 * - While no command runs, no process of the place runs, with `host`; a container that only waits is none of the command's.
 */

import type { Cancellable } from '../base/index.ts';

export interface Executor {
  /** As in messages: `host, in a bubblewrap sandbox`, `podman`. */
  readonly label: string;
  /** @throws unavailable, refused with what is missing and how to get it; not_found for an image that nobody has */
  place(options: PlaceOptions): Promise<Place>;
  /**
   * Kills what the commands of an engine that died have left in a place, and takes the place away. Nobody may be using it.
   *
   * @param directory as the place was given it; it may be gone already
   */
  sweepLeftovers(directory: string, options?: Cancellable): Promise<void>;
}

export interface PlaceOptions extends Cancellable {
  /** An empty directory of this machine, mode 0700, that belongs to the place from now on. */
  readonly directory: string;
  /** Of containers. The first runs the commands; a host has none. */
  readonly containers?: readonly ContainerSpec[] | undefined;
  /** What its commands can read and write besides. Services that run beside them in containers are not shown it. */
  readonly shown?: readonly ShownDirectory[] | undefined;
}

export interface ShownDirectory {
  /**
   * A directory of this machine, by its real path: absolute and through no link. It is there as long as the place is, and no command that is
   * not trusted can write to a directory above it.
   */
  readonly source: string;
  /**
   * Where commands find it if the executor can choose: `/workspace`. Absolute and without `..`; not `/`, and not at, above or below what the
   * system or a place has for itself (`/dev`, `/etc`, `/proc`, `/run`, `/sys`, the home); none is inside of another one's.
   */
  readonly at: string;
}

export interface ContainerSpec {
  readonly image: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly privileged: boolean;
  readonly entrypoint: string | undefined;
  readonly tmpfs: readonly { readonly path: string; readonly bytes: number | undefined }[];
}

export interface Place extends AsyncDisposable {
  readonly directory: string;
  /** What commands see `directory` as; their HOME. */
  readonly home: string;
  /** What commands see a shown directory as, on a host without a sandbox its own path. @param at as the place was given it */
  shownAt(at: string): string;
  /** One at a time. @throws cancelled; not_found for a working directory that is not there; what `onOutput` or `input` throws */
  run(command: Command, options: RunOptions): Promise<Ended>;
}

export interface Command {
  /** The program first, found by PATH. */
  readonly words: readonly [string, ...string[]];
  /**
   * Given to its stdin, which then ends. Of a stream each part is asked for when the one before has been taken, and good until then. If the command
   * ends first, the stream is told by `return` of its iterator, for which nobody waits: one that is stuck may hear of it later.
   */
  readonly input?: string | AsyncIterable<Uint8Array> | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Absolute as the command sees it, or relative to `home`. It is there. */
  readonly workingDir: string;
  readonly user?: string | undefined;
}

export interface RunOptions extends Cancellable {
  /** Takes stdout and stderr as they come, one call at a time. The bytes are good until the call ends. */
  readonly onOutput: (bytes: Uint8Array, stream: 'stdout' | 'stderr') => void | Promise<void>;
  /** When it was started: by what it is given the command can be made to stand still, or be killed without a grace. */
  readonly onStart?: ((command: StartedCommand) => void) | undefined;
  /** Milliseconds between SIGTERM and SIGKILL when it is cancelled. Default 5000. */
  readonly grace?: number | undefined;
}

/** A command at work. It may have ended by then: nothing is done to it then. */
export interface StartedCommand {
  /** Returns when nothing of it writes, but for what the kernel is in the middle of. */
  stop(): Promise<void>;
  goOn(): void;
  /** SIGKILL, also while it stands still. */
  kill(): void;
}

export interface Ended {
  /** 128 + the signal's number if a signal ended it; 127 if there is no such program, 126 if it cannot be run. */
  readonly exitCode: number;
  /** What an exit code above 128 stands for, as shells have it: `SIGKILL` for 137. */
  readonly signal: string | undefined;
}
