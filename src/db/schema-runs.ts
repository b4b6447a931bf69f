/** The tables of runs: written by run/, all of them. */

export interface RunTable {
  id: string;
  tenant: string;
  /** As in the run file. */
  name: string;
  phase: 'setuperror' | 'queued' | 'cancelled' | 'running' | 'finished';
  result: 'unknown' | 'stopped' | 'success' | 'failed';
  created: number;
  started: number | null;
  ended: number | null;
  /** The run that this one is a restart of. */
  restarted_from: string | null;
  /** What was asked for, sealed with the tenant's key: the run file and variables may hold secrets. */
  request: Uint8Array;
  /** The process that advances it, as `base/` names it; null: none. */
  holder: string | null;
  /** 1: somebody wants it to end. */
  cancel: 0 | 1;
  /** When its layers may go; null: not before it has ended. */
  expires: number | null;
}

export interface TaskTable {
  id: string;
  run: string;
  /** Its place in the run file, from 0; unique in the run. */
  number: number;
  name: string;
  status: 'notstarted' | 'skipped' | 'cancelled' | 'running' | 'stopped' | 'success' | 'failed';
  level: number;
  /** Counts from 1; 0: it was never begun. */
  attempt: number;
  /** 1: with its layers from the run that this one is a restart of. */
  reused: 0 | 1;
  waiting_approval: 0 | 1;
  approved: 0 | 1;
  executor: string | null;
  /** How it ended in the run that this one restarts; null: that does not matter. */
  earlier: 'success' | 'skipped' | null;
  /** 1: it ended as it did there, and so did all above it. */
  unchanged: 0 | 1;
  started: number | null;
  ended: number | null;
  /** Of all that its ancestors saved, merged; 64 hex digits. Null: not known yet, or there is a conflict. */
  input_digest: string | null;
  restored_bytes: number;
  saved_bytes: number;
  /** What ended it, as JSON `{code, message, hint, details}`. */
  error: string | null;
}

/** Which layers a task has saved. */
export interface TaskLayerTable {
  task: string;
  /** Of the step, from 0. */
  step: number;
  step_name: string;
  attempt: number;
  /** 1: it counts also when the task fails. */
  on_failure: 0 | 1;
  /** 1: it may hold whiteouts. */
  whiteouts: 0 | 1;
  /** Its directories of fewer names than this only lead to something. */
  implied: number;
  layer: string;
}

/** What `save_cache` keeps. */
export interface CacheTable {
  tenant: string;
  /** Whose runs may read it: other sources must not be able to put something in their way. */
  domain: string;
  /** Unique in its domain. */
  key: string;
  layer: string;
  created: number;
  used: number;
}
