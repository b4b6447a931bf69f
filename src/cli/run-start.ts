/** `runs start` and `resume`: the run is carried by this process, and shown while it goes on. */

import { EXIT_CODES } from '../base/index.ts';
import type { Engine, RunUnderWay, StartRunOptions } from '../engine/index.ts';
import type { ConductOptions, LastPrinted, RunInfo, SourceInfo } from '../run/index.ts';
import { isRunOver } from '../plan/index.ts';
import { cut, oneLine } from './columns.ts';
import { formatBytes } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { approveCommand, liveRun } from './live.ts';
import { failureLines, failuresOf } from './run-failures.ts';
import { runJson, runView } from './run-shapes.ts';
import { renderRun, standingOf } from './run-view.ts';

/** Milliseconds between two pictures. */
const SHOW_MS = 100;

export interface StartFlags {
  readonly run?: string;
  readonly var?: Readonly<Record<string, string>>;
  readonly source?: string;
  readonly branch?: string;
  readonly tag?: string;
  readonly sandbox?: 'auto' | 'require' | 'off';
  readonly bind?: readonly string[];
}

export function startOptions({ var: variables, ...flags }: StartFlags): StartRunOptions {
  return { ...flags, variables };
}

export async function startRun(invocation: Invocation, file: string, flags: StartFlags): Promise<void> {
  await carry(invocation, ({ runs }, options) => runs.start(file, { ...startOptions(flags), ...options }));
}

export async function resumeRun(
  invocation: Invocation,
  run: string,
  flags: { readonly failInterrupted?: boolean },
): Promise<void> {
  await carry(invocation, ({ runs }, options) => runs.resume(run, { ...flags, ...options }));
}

/** The command is done when the run is; Ctrl-C cancels it. */
export async function carry(
  invocation: Invocation,
  begin: (engine: Engine, options: ConductOptions) => Promise<RunUnderWay>,
): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async (engine) => {
    let run: RunUnderWay | undefined;
    let ended: RunInfo;
    {
      using live = liveRun(invocation);
      using picture = seldom(() => run !== undefined && live.show(runView(run.view())), terminal);
      run = await begin(engine, {
        signal: world.signal,
        onChange: () => picture.ask(),
        onWarning: (text) => {
          live.clear();
          terminal.warn(text);
        },
      });
      await run.run();
      // As others will see it: there it also says why a task was skipped, and which failures do not count.
      ended = await engine.runs.get(run.id);
    }
    invocation.exitCode = exitCodeOf(ended);
    const printed = await failuresOf(engine, invocation, ended);
    await terminal.result(runJson(ended), summary(invocation, ended, printed), [ended.id]);
  });
}

/** A thousand tasks change thousands of times a second. @param show is called some time after it was asked for, and at the end */
function seldom(show: () => void, { json, quiet }: Invocation['terminal']): Disposable & { ask(): void } {
  let timer: NodeJS.Timeout | undefined;
  const now = () => {
    timer = undefined;
    show();
  };
  return {
    ask() {
      if (!json && !quiet) timer ??= setTimeout(now, SHOW_MS);
    },
    [Symbol.dispose]() {
      if (timer === undefined) return;
      clearTimeout(timer);
      now();
    },
  };
}

/** 0 for a success, 1 for a failure, 9 for a run that somebody has stopped. */
export function exitCodeOf({ phase, result }: Pick<RunInfo, 'phase' | 'result'>): number {
  if (phase === 'cancelled' || result === 'stopped') return EXIT_CODES.cancelled;
  return result === 'failed' ? EXIT_CODES.command_failed : 0;
}

/** `source 3f2a91c04b1e of /srv/web (v2)` */
function sourceText({ location, ref, commit }: SourceInfo): string {
  const named = ref === undefined || ref === commit ? '' : ` (${oneLine(ref)})`;
  return `source ${commit.slice(0, 12)} of ${oneLine(location)}${named}`;
}

/** The run as it stands, what went wrong, and what to do about it. @param printed as of `failuresOf` */
export function summary(
  { terminal, world }: Pick<Invocation, 'terminal' | 'world'>,
  run: RunInfo,
  printed: readonly LastPrinted[],
): string[] {
  const view = runView(run);
  const width = world.stdout.columns || 100;
  const lines = renderRun(view, {
    width,
    now: world.clock(),
    paint: (color, text) => terminal.paint(color, text),
  });
  // Below the head and the counts.
  if (run.source !== undefined) lines.splice(2, 0, cut(sourceText(run.source), width));
  lines.push(...failureLines(run, printed));
  const asked = view.tasks.filter((task) => standingOf(task) === 'waiting');
  if (asked.length > 0 && !isRunOver(run.phase))
    lines.push('', ...asked.map(({ name }) => `  ${approveCommand(run.id, name)}`));
  const unfinished = run.tasks.some(({ status }) => status === 'failed' || status === 'stopped');
  if (unfinished && run.phase === 'finished')
    lines.push('', `  strata runs logs ${run.id}     what the tasks printed`);
  // Where all failures are ignored there is nothing to mend.
  if (unfinished && run.phase === 'finished' && run.result !== 'success')
    lines.push(`  strata runs restart ${run.id}  again, with what succeeded`);
  const saved = run.tasks.reduce((sum, task) => sum + task.savedBytes, 0);
  const restored = run.tasks.reduce((sum, task) => sum + task.restoredBytes, 0);
  if (saved + restored > 0) lines.push(`saved ${formatBytes(saved)}, restored ${formatBytes(restored)}`);
  return lines;
}
