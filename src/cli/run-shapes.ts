/** A run as it stands in JSON, and as a picture of it wants it. */

import type { RunInfo, RunSummary, TaskInfo } from '../run/index.ts';
import type { RunView, TaskView } from './run-view.ts';
import { isoTime } from './shapes.ts';

export const RUN_SHAPE =
  '{id, name, phase, result, restartedFrom, created, started, ended, expires, orphaned, source:{location, ref, commit},\n' +
  'tasks:[{id, name, status, level, attempt, reused, waitingApproval, executor, started, ended, inputDigest, savedBytes, restoredBytes,\n' +
  'layers:[{step, digest, files, bytes, newBytes}], error:{code, message, hint, details}}]}. inputDigest: of all that the\n' +
  'ancestors saved, merged, times apart; null where that is not known. What is not there is null.';

export function runJson({ tasks, source, ...run }: RunInfo): object {
  const sourceJson = source === undefined ? null : { ...source, ref: source.ref ?? null };
  return { ...factsJson(run), source: sourceJson, tasks: tasks.map(taskJson) };
}

export function summaryJson({ tasks, ...run }: RunSummary): object {
  return { ...factsJson(run), tasks };
}

function factsJson({
  created,
  started,
  ended,
  expires,
  restartedFrom,
  ...run
}: Omit<RunInfo, 'tasks' | 'source'>): object {
  return {
    ...run,
    restartedFrom: restartedFrom ?? null,
    created: isoTime(created),
    started: timeOrNull(started),
    ended: timeOrNull(ended),
    expires: timeOrNull(expires),
  };
}

function taskJson(info: TaskInfo): object {
  const {
    started,
    ended,
    inputDigest,
    executor,
    layers,
    error,
    step,
    ignored: _ignored,
    skipped: _skipped,
    ...task
  } = info;
  return {
    ...task,
    executor: executor ?? null,
    started: timeOrNull(started),
    ended: timeOrNull(ended),
    inputDigest: inputDigest ?? null,
    layers,
    error: error ?? null,
    ...(step !== undefined && { step }),
  };
}

function timeOrNull(time: number | undefined): string | null {
  return time === undefined ? null : isoTime(time);
}

/** For `renderRun`: tasks by level, then by name. */
export function runView(run: RunInfo): RunView {
  return {
    ...run,
    tasks: run.tasks.map(taskView).toSorted((a, b) => a.level - b.level || (a.name < b.name ? -1 : 1)),
  };
}

/** How a parent ended. */
const ENDS: Readonly<Record<TaskInfo['status'], string>> = {
  notstarted: 'has not run',
  running: 'has not ended',
  success: 'succeeded',
  failed: 'failed',
  skipped: 'was skipped',
  stopped: 'was stopped',
  cancelled: 'was cancelled',
};

function taskView({ error, skipped, ...task }: TaskInfo): TaskView {
  return {
    ...task,
    error: error && firstLine(error.message),
    skipped:
      skipped &&
      (skipped === 'when' ? 'left out by its `when`' : `${skipped.parent} ${ENDS[skipped.status]}`),
  };
}

/** Of a message that goes on below it: `…:` would promise more. */
function firstLine(message: string): string {
  const [first = '', ...rest] = message.split('\n');
  return rest.length > 0 ? first.replace(/:$/, '') : first;
}
