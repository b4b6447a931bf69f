/** The tasks of a run that have failed: why, and what they printed last. */

import { shellWord } from '../base/index.ts';
import type { Engine } from '../engine/index.ts';
import { isRunOver } from '../plan/index.ts';
import type { LastPrinted, RunInfo, TaskInfo } from '../run/index.ts';
import { cut, oneLine } from './columns.ts';
import { counted, printable } from './format.ts';
import type { Invocation } from './invocation.ts';

/** Tasks that are told at length: what comes after them is most often their doing, or the same again. */
const MOST_TASKS = 3;
const MOST_LINES = 10;
/** Columns of a line: one that is longer is no sentence. */
const MOST_COLUMNS = 400;

/** What is read for `failureLines`; nothing where nobody would see it. */
export async function failuresOf(
  { runs }: Engine,
  { terminal, world }: Pick<Invocation, 'terminal' | 'world'>,
  { id, phase, tasks }: RunInfo,
): Promise<readonly LastPrinted[]> {
  const isTold = !terminal.json && !terminal.quiet && isRunOver(phase);
  if (!isTold || tasks.every(({ status }) => status !== 'failed')) return [];
  // Those that are ignored may have been the first to fail, and are told last.
  const most = MOST_TASKS + tasks.filter(({ ignored }) => ignored === true).length;
  // A run that was ended by Ctrl-C is told as well.
  return runs.lastPrinted(id, { most, ...(!world.signal.aborted && { signal: world.signal }) });
}

/** An empty line before each. Those whose failure is ignored come last. */
export function failureLines(
  { tasks, restartedFrom }: Pick<RunInfo, 'tasks' | 'restartedFrom'>,
  printed: readonly LastPrinted[],
): string[] {
  const failed = tasks
    .filter(({ error }) => error !== undefined)
    .toSorted((a, b) => Number(isIgnored(a)) - Number(isIgnored(b)) || (a.ended ?? 0) - (b.ended ?? 0));
  const lines = failed.slice(0, MOST_TASKS).flatMap((task) => {
    const { name, error, reused } = task;
    const own = printed.find((each) => each.task === name);
    const last = own === undefined ? [] : lastLines(own);
    const told = [printable(`${name}${isIgnored(task) ? ' (ignored)' : ''}: ${error!.message}`)];
    // That of a command says to look at what is told here.
    if (error!.code !== 'command_failed') told.push(...hintLines(error!.hint));
    else if (reused && restartedFrom !== undefined)
      told.push(`  It is reused: ${whereLogged(name, restartedFrom)}.`);
    else if (own === undefined) told.push(...hintLines(error!.hint));
    if (own !== undefined && last.length === 0) told.push('  It has printed nothing.');
    return ['', ...told, ...last.map((line) => `  | ${line}`.trimEnd())];
  });
  const more = failed.length - MOST_TASKS;
  return more > 0 ? [...lines, '', `and ${counted(more, 'other task')} failed`] : lines;
}

function isIgnored({ ignored }: TaskInfo): boolean {
  return ignored === true;
}

function hintLines(hint: string | undefined): string[] {
  return hint === undefined ? [] : [`  ${printable(hint)}`];
}

/** What a task printed stays with the run that it ran in. */
export function whereLogged(task: string, run: string): string {
  return `\`strata runs logs ${run} ${shellWord(oneLine(task))}\` shows what it printed`;
}

/** Lines without what could drive a terminal, a `…` where there is more before them. */
function lastLines({ bytes, isWhole }: LastPrinted): string[] {
  const text = Buffer.from(bytes).toString().trimEnd();
  if (text === '') return [];
  const all = text.split('\n');
  // The first may be the end of one, or of a character.
  const whole = isWhole || all.length === 1 ? all : all.slice(1);
  const shown = whole.slice(-MOST_LINES).map(harmless);
  return isWhole && whole.length <= MOST_LINES ? shown : ['…', ...shown];
}

/** Colors, and what else programs tell terminals: a sequence, or a title. */
// oxlint-disable-next-line no-control-regex
const SEQUENCE = /\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g;

/** As a terminal would have left the line: what was written over is gone. */
function harmless(line: string): string {
  const last = line.trimEnd().split('\r').at(-1)!;
  return cut(printable(last.replaceAll(SEQUENCE, '').replaceAll('\t', '  ')), MOST_COLUMNS);
}
