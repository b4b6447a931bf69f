/** How far a run is: values that the scheduler makes of events, and that are kept between processes. */

/** As Agola has them. */
export type RunPhase = 'setuperror' | 'queued' | 'cancelled' | 'running' | 'finished';
export type RunResult = 'unknown' | 'stopped' | 'success' | 'failed';
export type TaskStatus =
  | 'notstarted'
  | 'skipped'
  | 'cancelled'
  | 'running'
  | 'stopped'
  | 'success'
  | 'failed';

export interface RunState {
  readonly phase: RunPhase;
  readonly result: RunResult;
  /** Somebody wants it to end; what runs is being stopped, nothing new starts. */
  readonly stopping: boolean;
  /** In the order of the run's tasks. */
  readonly tasks: readonly TaskState[];
}

export interface TaskState {
  readonly status: TaskStatus;
  /** Its parents are done, and somebody has to say yes. */
  readonly waitingApproval: boolean;
  readonly approved: boolean;
  /** Name of the executor that it runs on or ran on. */
  readonly executor: string | undefined;
}

export type RunEvent =
  /** The run may go on: the first event, and again when another process takes it over. */
  | { readonly kind: 'start' }
  | { readonly kind: 'ended'; readonly task: number; readonly outcome: 'success' | 'failed' | 'stopped' }
  | { readonly kind: 'approve'; readonly task: number }
  | { readonly kind: 'cancel' };

/** What whoever advances the run has to do. */
export type RunOrder =
  | { readonly kind: 'start'; readonly task: number; readonly executor: string }
  | { readonly kind: 'stop'; readonly task: number };

/** Something that runs tasks, as the scheduler sees it. */
export interface ExecutorDefinition {
  readonly name: string;
  /** `podman` takes tasks of the type `pod`. */
  readonly type: 'host' | 'podman';
  /** As in `amd64` and `arm64`; what it says is believed. */
  readonly arch: string;
  readonly labels: readonly string[];
  /** Tasks at a time, at least 1. */
  readonly slots: number;
}
