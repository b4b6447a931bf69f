/** The tasks of a run that have failed: why, and what they printed last. */

import type { Engine } from '../engine/index.ts';
import { isRunOver } from '../plan/index.ts';
import type { LastPrinted, RunInfo } from '../run/index.ts';
import { cut } from './columns.ts';
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
  // A run that was ended by Ctrl-C is told as well.
  return runs.lastPrinted(id, { most: MOST_TASKS, ...(!world.signal.aborted && { signal: world.signal }) });
}

/** An empty line before each. */
export function failureLines({ tasks }: Pick<RunInfo, 'tasks'>, printed: readonly LastPrinted[]): string[] {
  const failed = tasks
    .filter(({ error }) => error !== undefined)
    .toSorted((a, b) => (a.ended ?? 0) - (b.ended ?? 0));
  const lines = failed.slice(0, MOST_TASKS).flatMap(({ name, error }) => {
    const own = printed.find(({ task }) => task === name);
    const last = own === undefined ? [] : lastLines(own);
    // That of a command says to look at what is told here.
    const hint = error!.code === 'command_failed' && own !== undefined ? undefined : error!.hint;
    const told = [printable(`${name}: ${error!.message}`)];
    if (hint !== undefined) told.push(`  ${printable(hint)}`);
    if (own !== undefined && last.length === 0) told.push('  It has printed nothing.');
    return ['', ...told, ...last.map((line) => `  | ${line}`.trimEnd())];
  });
  const more = failed.length - MOST_TASKS;
  return more > 0 ? [...lines, '', `and ${counted(more, 'other task')} failed`] : lines;
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
