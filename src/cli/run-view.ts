/** A run as lines for a terminal: its tasks by level, and of a large run those that matter now. */

import { columnsOf, cut, oneLine, padded } from './columns.ts';
import { counted, formatBytes, formatCount, formatSeconds } from './format.ts';
import { chooseTasks } from './run-view-choice.ts';
import type { Color } from './terminal.ts';

export interface RunView {
  readonly name: string;
  readonly id: string;
  readonly phase: 'setuperror' | 'queued' | 'cancelled' | 'running' | 'finished';
  readonly result: 'unknown' | 'stopped' | 'success' | 'failed';
  /** The process that carried it is gone. */
  readonly orphaned?: boolean | undefined;
  /** Milliseconds since 1970; undefined: not yet. The same for tasks. */
  readonly started: number | undefined;
  readonly ended: number | undefined;
  /** By level, then by name. */
  readonly tasks: readonly TaskView[];
}

export interface TaskView {
  readonly name: string;
  /** 0 without parents. */
  readonly level: number;
  readonly status: 'notstarted' | 'skipped' | 'cancelled' | 'running' | 'stopped' | 'success' | 'failed';
  readonly waitingApproval: boolean;
  /** It did not run in this run: its layers are those of an earlier one. */
  readonly reused: boolean;
  /** From 1. */
  readonly attempt: number;
  readonly started: number | undefined;
  readonly ended: number | undefined;
  /** What it does now. */
  readonly step?: string | undefined;
  readonly savedBytes: number;
  readonly restoredBytes: number;
  readonly error?: string | undefined;
  /** It has failed, and that does not make the run fail. */
  readonly ignored?: boolean | undefined;
  /** Why it was skipped, if that is known. */
  readonly skipped?: string | undefined;
  readonly executor: string | undefined;
}

/** What a person is told of a task; the order is that of the counts. */
export type Standing =
  | 'success'
  | 'running'
  | 'failed'
  | 'waiting'
  | 'stopped'
  | 'skipped'
  | 'cancelled'
  | 'to come';

export interface ViewOptions {
  /** Columns that a line may have. */
  readonly width: number;
  /** Lines at most; undefined: all that there are. */
  readonly height?: number | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: (color: Color, text: string) => string;
}

const MARKS: Readonly<Record<Standing, { readonly mark: string; readonly color: Color | undefined }>> = {
  success: { mark: '✓', color: 'green' },
  running: { mark: '●', color: 'bold' },
  failed: { mark: '✗', color: 'red' },
  waiting: { mark: '?', color: 'yellow' },
  stopped: { mark: '!', color: 'yellow' },
  skipped: { mark: '-', color: undefined },
  cancelled: { mark: '-', color: undefined },
  'to come': { mark: '·', color: undefined },
};

/** What is known of a run before it ends. */
const SURE: Readonly<Record<RunView['result'], string>> = {
  unknown: '',
  success: '',
  stopped: ', stopping',
  failed: ', failed already',
};

/** Columns for the name of a task at most, as a share of the line: what it does has to have room as well. */
const NAME_SHARE = 0.4;
/** `12 min 34 s` */
const TIME_COLUMNS = 11;

export function standingOf({ status, waitingApproval }: TaskView): Standing {
  if (status !== 'notstarted') return status;
  return waitingApproval ? 'waiting' : 'to come';
}

/** No line is wider than `width`, nor are there more than `height`, whatever names and errors say. */
export function renderRun(run: RunView, options: ViewOptions): string[] {
  const { width, height = Infinity } = options;
  const head = [headline(run, options), cut(countsText(run.tasks), width)].slice(0, height);
  const shown = chooseTasks(run.tasks, height - head.length);
  const names = Math.max(0, ...shown.tasks.map(({ name }) => columnsOf(oneLine(name))));
  const nameColumns = Math.min(names, Math.floor(width * NAME_SHARE));
  const lines = [...head];
  let level: number | undefined;
  for (const task of shown.tasks) {
    if (shown.withLevels && task.level !== level) lines.push(cut(`level ${formatCount(task.level)}`, width));
    level = task.level;
    lines.push(taskLine(task, nameColumns, options));
  }
  if (shown.hidden.length > 0 && lines.length < height) {
    lines.push(cut(`  … and ${countsText(shown.hidden)}`, width));
  }
  return lines;
}

function headline(run: RunView, { width, now, paint }: ViewOptions): string {
  const word = wordOf(run);
  const sure = run.phase === 'running' ? SURE[run.result] : '';
  // Nobody knows when its process died.
  const time = run.orphaned === true ? undefined : elapsed(run, now);
  const joined = run.ended === undefined ? 'for' : 'after';
  const end = `: ${word}${time === undefined ? '' : ` ${joined} ${time}`}${sure}`;
  // The name gives way: what became of the run is worth more.
  const name = cut(`run ${oneLine(run.id)} ${oneLine(run.name)}`, width - columnsOf(end));
  const color = run.result === 'failed' || run.phase === 'setuperror' ? 'red' : 'bold';
  return paint(color, cut(name + end, width));
}

/** Also in a list of runs. */
export function wordOf({ phase, result, orphaned }: Pick<RunView, 'phase' | 'result' | 'orphaned'>): string {
  if (orphaned === true) return 'interrupted';
  if (phase === 'finished') return result;
  return phase === 'setuperror' ? 'setup error' : phase;
}

/** `12 tasks: 3 success (1 reused), 2 running, 7 to come` */
export function countsText(tasks: readonly TaskView[]): string {
  const counts = new Map<Standing, number>();
  let reused = 0;
  for (const task of tasks) {
    const standing = standingOf(task);
    counts.set(standing, (counts.get(standing) ?? 0) + 1);
    if (task.reused && standing === 'success') reused++;
  }
  const parts = (Object.keys(MARKS) as Standing[]).flatMap((standing) => {
    const count = counts.get(standing);
    if (count === undefined) return [];
    const word = standing === 'waiting' ? 'waiting for approval' : standing;
    const also = standing === 'success' && reused > 0 ? ` (${formatCount(reused)} reused)` : '';
    return [`${formatCount(count)} ${word}${also}`];
  });
  const all = counted(tasks.length, 'task');
  return parts.length === 0 ? all : `${all}: ${parts.join(', ')}`;
}

function taskLine(task: TaskView, nameColumns: number, { width, now, paint }: ViewOptions): string {
  const { mark, color } = MARKS[standingOf(task)];
  const name = padded(cut(oneLine(task.name), nameColumns), nameColumns);
  const time = (elapsed(task, now) ?? '').padStart(TIME_COLUMNS);
  const front = `${name} ${time}  `;
  const rest = cut(`${front}${detailOf(task)}`.trimEnd(), width - 4);
  const painted = color === undefined ? mark : paint(color, mark);
  if (width < 4) return cut(mark, width);
  // Why nothing was done is no news that has to be seen.
  const isDim = task.skipped !== undefined && rest.startsWith(front) && rest.length > front.length;
  return `  ${painted} ${isDim ? front + paint('dim', rest.slice(front.length)) : rest}`.trimEnd();
}

/** What it does, or what became of it, as `npm test (host)`, `saved 4.2 MB`, `exit code 2`. */
export function detailOf(task: TaskView): string {
  const parts: string[] = [];
  const standing = standingOf(task);
  if (standing === 'waiting') parts.push('waiting for approval');
  if (task.reused) parts.push('reused');
  if (task.attempt > 1) parts.push(`attempt ${formatCount(task.attempt)}`);
  if (standing === 'running') {
    const where = task.executor === undefined ? '' : `(${oneLine(task.executor)})`;
    const doing = `${oneLine(task.step ?? '')} ${where}`.trim();
    if (doing !== '') parts.push(doing);
  }
  if (task.skipped !== undefined) parts.push(oneLine(task.skipped));
  const ignored = task.ignored === true ? '(ignored)' : '';
  const failure = `${oneLine(task.error ?? '')} ${ignored}`.trim();
  if (failure !== '') parts.push(failure);
  if (task.restoredBytes > 0) parts.push(`restored ${formatBytes(task.restoredBytes)}`);
  if (task.savedBytes > 0) parts.push(`saved ${formatBytes(task.savedBytes)}`);
  return parts.join(', ');
}

/** Undefined if it has not begun. */
export function elapsed(
  { started, ended }: Pick<RunView, 'started' | 'ended'>,
  now: number,
): string | undefined {
  if (started === undefined) return undefined;
  // Another machine's clock may be ahead of ours.
  const seconds = Math.max((ended ?? now) - started, 0) / 1000;
  // Tenths that change all the time are no use to anybody.
  return ended === undefined && seconds < 10 ? `${Math.floor(seconds)} s` : formatSeconds(seconds);
}
