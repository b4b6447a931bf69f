/** `workspaces why RUN[#TASK]:PATH` */

import { displayPath, pathJson } from '../tree/index.ts';
import type { PathWriter } from '../run/index.ts';
import { formatMode, table } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';

export async function showRunWhy(invocation: Invocation, ref: string): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    const { path, writers, conflict } = await runs.why(ref, { signal: world.signal });
    const rows = writers.map((writer) => [
      writer.task,
      writer.step,
      writer.kind,
      formatMode(writer.mode),
      writer.digest?.slice(0, 12) ?? '',
      partText(writer),
    ]);
    const titles = ['TASK', 'STEP', 'KIND', 'MODE', 'DIGEST', 'WHAT BECAME OF IT'];
    const lines = table([titles, ...rows], ['left', 'left', 'left', 'left', 'left', 'left']);
    if (conflict !== undefined) lines.push(`conflict at ${displayPath(conflict)}`);
    const json = {
      ...pathJson(path),
      writers: writers.map((writer) => ({ ...writer, digest: writer.digest ?? null, by: writer.by ?? null })),
      conflict: conflict === undefined ? null : pathJson(conflict),
    };
    await terminal.result(json, lines, lines);
  });
}

function partText({ part, by }: PathWriter): string {
  switch (part) {
    case 'seen':
      return 'is there';
    case 'equal':
      return 'the same as what is there';
    case 'deletes':
      return 'took it away';
    case 'conflict':
      return 'in conflict';
    case 'hidden':
      return by === undefined ? 'not seen' : `replaced by ${by}`;
  }
}
