/** How far a run is: values that the scheduler makes of events, and that are kept between processes. */

/** As Agola has them. */
export type RunPhase = 'setuperror' | 'queued' | 'cancelled' | 'running' | 'finished';
/** Nothing of it happens any more. */
export function isRunOver(phase: RunPhase): boolean {
  return phase !== 'queued' && phase !== 'running';
}

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
  /** How it ended in the run that this one restarts, where that may be taken over if nothing above it has changed. */
  readonly earlier: 'success' | 'skipped' | undefined;
  /** It and everything above it ended as in the run that this one restarts, with the same layers. */
  readonly unchanged: boolean;
}

export type RunEvent =
  /** The run may go on: the first event, and again when another process takes it over. */
  | { readonly kind: 'start' }
  | {
      readonly kind: 'ended';
      readonly task: number;
      readonly outcome: 'success' | 'failed' | 'stopped';
      /** It succeeded in the run that this one restarts as well, and its layers have the same digests. */
      readonly unchanged?: boolean | undefined;
    }
  | { readonly kind: 'approve'; readonly task: number }
  | { readonly kind: 'cancel' };

/** What whoever advances the run has to do. */
export type RunOrder =
  | { readonly kind: 'start'; readonly task: number; readonly executor: string }
  | { readonly kind: 'stop'; readonly task: number }
  /** It need not run: it ends as in the run that this one restarts, and has the layers that it had there. */
  | { readonly kind: 'reuse'; readonly task: number };

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

/** The state of a run before its first event. */
export function newRunState(tasks: number): RunState {
  const task: TaskState = {
    status: 'notstarted',
    waitingApproval: false,
    approved: false,
    executor: undefined,
    earlier: undefined,
    unchanged: false,
  };
  const all = Array.from({ length: tasks }, () => task);
  return { phase: 'queued', result: 'unknown', stopping: false, tasks: all };
}
