/** `runs list` and `get` */

import { setTimeout } from 'node:timers/promises';

import { isRunOver } from '../plan/index.ts';
import type { RunInfo, RunSummary } from '../run/index.ts';
import { formatAge, printable, table } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { liveRun } from './live.ts';
import { failuresOf } from './run-failures.ts';
import { newestRun } from './newest-run.ts';
import { runJson, runView, summaryJson } from './run-shapes.ts';
import { summary } from './run-start.ts';
import { wordOf } from './run-view.ts';

/** Milliseconds between two looks at a run. */
const WATCH_MS = 300;

export interface ListFlags {
  readonly limit?: number;
}

export interface GetFlags {
  readonly names?: boolean;
  readonly watch?: boolean;
}

export async function listRuns(invocation: Invocation, flags: ListFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    const all = await runs.list({ ...flags, signal: world.signal });
    const rows = all.map((run) => [
      run.id,
      run.name,
      wordOf(run),
      counts(run),
      formatAge(run.created, world.clock()),
      run.restartedFrom ?? '',
    ]);
    if (all.length === 0) terminal.say('no runs yet');
    const titles = ['RUN', 'NAME', 'STATE', 'TASKS', 'STARTED', 'RESTART OF'];
    const alignments = ['left', 'left', 'left', 'left', 'left', 'left'] as const;
    const lines = all.length === 0 ? [] : table([titles, ...rows], alignments);
    await terminal.result(
      { runs: all.map(summaryJson) },
      lines,
      all.map(({ id }) => id),
    );
  });
}

function counts({ tasks }: RunSummary): string {
  const all = Object.values(tasks).reduce((sum, count) => sum + count, 0);
  return `${tasks.success} of ${all}`;
}

export async function getRun(invocation: Invocation, id: string | undefined, flags: GetFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async (engine) => {
    const wanted = id ?? (await newestRun(engine, world.signal));
    let run = await engine.runs.get(wanted, { signal: world.signal });
    if (flags.watch === true) {
      using live = liveRun(invocation);
      for (; !isRunOver(run.phase) && !run.orphaned; run = await engine.runs.get(wanted)) {
        live.show(runView(run));
        await setTimeout(WATCH_MS, undefined, { signal: world.signal });
      }
    }
    if (flags.names === true) return printNames(invocation, run);
    const lines = summary(invocation, run, await failuresOf(engine, invocation, run));
    if (run.orphaned)
      lines.push('', `  its process is gone: \`strata runs resume ${run.id}\` goes on with it`);
    await terminal.result(runJson(run), lines, [run.result]);
  });
}

/** As `logs` and `approve` take them. */
async function printNames({ terminal }: Invocation, { id, tasks }: RunInfo): Promise<void> {
  const names = tasks.map(({ name }) => name);
  const lines = names.map(printable);
  await terminal.result({ id, names }, lines, lines);
}
