/** `runs logs` */

import type { Engine } from '../engine/index.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { newestRun } from './newest-run.ts';
import { whereLogged } from './run-failures.ts';

export interface LogFlags {
  readonly follow?: boolean;
}

const NEWLINE = 10;

export async function showLogs(
  invocation: Invocation,
  id: string | undefined,
  task: string | undefined,
  flags: LogFlags,
): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async (engine) => {
    const run = id ?? (await newestRun(engine, world.signal));
    const parts = engine.runs.logs(run, { task, ...flags, signal: world.signal });
    if (terminal.json) {
      const toJson = ({ bytes, ...part }: { task: string; step: string; bytes: Uint8Array }) => ({
        ...part,
        text: Buffer.from(bytes).toString(),
      });
      return terminal.items('parts', parts, toJson, () => '');
    }
    let at = '';
    let isLine = true;
    for await (const part of parts) {
      const title = `== ${part.task}: ${part.step}\n`;
      // What a step printed last need not end its line.
      const front = isLine ? title : `\n${title}`;
      if (title !== at && !terminal.quiet && !(await terminal.write(front))) return;
      at = title;
      // As it was printed: colors are the task's, and so is whatever else it does to a terminal.
      if (!(await terminal.write(Uint8Array.from(part.bytes)))) return;
      if (part.bytes.length > 0) isLine = part.bytes.at(-1) === NEWLINE;
    }
    if (at === '' && task !== undefined) await tellReused(invocation, engine, { run, task });
  });
}

/** A person would wonder why there is nothing. */
async function tellReused(
  { terminal, world }: Invocation,
  { runs }: Engine,
  { run, task }: { readonly run: string; readonly task: string },
): Promise<void> {
  const { tasks, restartedFrom } = await runs.get(run, { signal: world.signal });
  const isReused = tasks.some(({ name, reused }) => name === task && reused);
  if (isReused && restartedFrom !== undefined)
    terminal.say(`${task} is reused: ${whereLogged(task, restartedFrom)}`);
}
