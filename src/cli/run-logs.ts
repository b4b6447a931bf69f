/** `runs logs` */

import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { newestRun } from './newest-run.ts';

export interface LogFlags {
  readonly follow?: boolean;
}

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
    for await (const part of parts) {
      const title = `== ${part.task}: ${part.step}\n`;
      if (title !== at && !terminal.quiet && !(await terminal.write(title))) return;
      at = title;
      // As it was printed: colors are the task's, and so is whatever else it does to a terminal.
      if (!(await terminal.write(Uint8Array.from(part.bytes)))) return;
    }
  });
}
