/**
 * What a run file says, read and checked: values that later rooms can rely on. Conditions are patterns, durations are milliseconds,
 * short forms are written out, defaults are filled in.
 */

export interface RunFile {
  readonly runs: readonly RunDefinition[];
}

export interface RunDefinition {
  readonly name: string;
  /** In the order of the file; names are unique. */
  readonly tasks: readonly TaskDefinition[];
  readonly when: When | undefined;
}

export interface TaskDefinition {
  readonly name: string;
  readonly runtime: Runtime;
  readonly environment: Environment;
  /** May start with `~/`. Default `~/project`. */
  readonly workingDir: string;
  /** Program and flags that get a step's command on stdin or as a file. Default `/bin/sh -e`. */
  readonly shell: string;
  /** For containers; undefined: the image's. */
  readonly user: string | undefined;
  readonly steps: readonly StepDefinition[];
  readonly depends: readonly Dependency[];
  readonly ignoreFailure: boolean;
  readonly approval: boolean;
  readonly when: When | undefined;
  /** Milliseconds; undefined: no limit. */
  readonly timeout: number | undefined;
}

/** `host`: processes of this machine. `pod`: containers, of which the first runs the steps. */
export type Runtime =
  | { readonly type: 'host'; readonly arch: string | undefined; readonly labels: readonly string[] }
  | {
      readonly type: 'pod';
      readonly arch: string | undefined;
      readonly labels: readonly string[];
      readonly containers: readonly [Container, ...Container[]];
    };

export interface Container {
  readonly image: string;
  readonly environment: Environment;
  readonly user: string | undefined;
  readonly privileged: boolean;
  /** Undefined: the image's. */
  readonly entrypoint: string | undefined;
  readonly volumes: readonly {
    readonly path: string;
    readonly tmpfs: { readonly bytes: number | undefined };
  }[];
}

/** A value is text, or the name of a variable of the run. */
export type Environment = Readonly<Record<string, string | { readonly fromVariable: string }>>;

export const CONDITIONS = ['on_success', 'on_failure', 'on_skipped'] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface Dependency {
  /** Name of another task of the run. */
  readonly task: string;
  /** At least one. */
  readonly conditions: readonly Condition[];
}

/** Each part that is given has to match. */
export interface When {
  readonly branch: Patterns | undefined;
  readonly tag: Patterns | undefined;
  readonly ref: Patterns | undefined;
}

/** Texts match whole; between slashes stands a regular expression. What `exclude` matches is out. */
export interface Patterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

interface StepCommon {
  /** As given, else made from what the step does. */
  readonly name: string;
  readonly when: When | undefined;
}

export type StepDefinition = StepCommon &
  (
    | { readonly kind: 'clone'; readonly depth: number | undefined; readonly recurseSubmodules: boolean }
    | {
        readonly kind: 'run';
        readonly command: string;
        readonly environment: Environment;
        /** Undefined: the task's. The same for the two below. */
        readonly workingDir: string | undefined;
        readonly shell: string | undefined;
        readonly user: string | undefined;
      }
    | {
        readonly kind: 'save_to_workspace';
        readonly contents: readonly SaveContent[];
        /** `failure`: what was saved counts also when the task fails later. */
        readonly on: 'success' | 'failure';
        readonly ifNoFiles: 'warn' | 'error' | 'ignore';
        /** Whether what is gone since the restore is saved as gone. */
        readonly deletions: boolean;
      }
    | {
        readonly kind: 'restore_workspace';
        readonly destDir: string;
        readonly onConflict: ConflictPolicy;
        /** Only layers of these ancestors; undefined: of all. */
        readonly tasks: readonly string[] | undefined;
        /** Only what these globs match; undefined: all. */
        readonly paths: readonly string[] | undefined;
      }
    | { readonly kind: 'save_cache'; readonly key: string; readonly contents: readonly SaveContent[] }
    | { readonly kind: 'restore_cache'; readonly keys: readonly string[]; readonly destDir: string }
  );

export type StepKind = StepDefinition['kind'];

export interface SaveContent {
  /** Relative to the working directory. Default: the working directory itself. */
  readonly sourceDir: string;
  /** In the workspace: names without `.` and `..`; empty: its root. */
  readonly destDir: string;
  /** Globs relative to `sourceDir`. Default `**`. */
  readonly paths: readonly string[];
}

/** What a restore does where two tasks saved the same path. */
export type ConflictPolicy =
  | { readonly kind: 'fail' | 'fail-any' | 'override' | 'separate' }
  /** Where one of these tasks takes part, the first of them that does wins. */
  | { readonly kind: 'prefer'; readonly tasks: readonly string[] };
