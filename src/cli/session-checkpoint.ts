/** `sessions checkpoint` and `restore` */

import type { Checkpoint, RestoredSession } from '../session/index.ts';
import { changeLine } from './files.ts';
import { counted, formatBytes, formatCount, formatSeconds } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { withProgress } from './progress.ts';
import { sessionRef } from './session-look.ts';
import { checkpointJson, restoreJson } from './session-shapes.ts';

/** Changes that people are shown; `--json` has more. */
const MOST_CHANGES = 20;

export async function checkpointSession(
  invocation: Invocation,
  name: string,
  flags: { readonly message?: string },
): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ sessions }) => {
    const result = await withProgress(invocation, 'saving', (onProgress) =>
      sessions.checkpoint(name, { ...flags, onProgress, signal: world.signal }),
    );
    for (const warning of result.warnings) terminal.warn(warning);
    if (result.runningTasks > 0)
      terminal.warn(
        `${counted(result.runningTasks, 'command')} ran meanwhile: what was being written may be half there`,
      );
    await terminal.result(checkpointJson(result), checkpointLines(result), [
      `${result.workspace}@${result.snapshot}`,
    ]);
  });
}

const DURABILITIES: Readonly<Record<Checkpoint['durability'], string>> = {
  durable: 'it is in the store',
  uploaded: 'its files are in the store, the head that tells of them is not yet',
  local: 'it is on the machine of the runner alone',
};

export function checkpointLines(result: Checkpoint): string[] {
  const { workspace, snapshot, files, bytes, newBytes, storedBytes, seconds, durability } = result;
  return [
    `saved ${workspace}@${snapshot}: ${DURABILITIES[durability]}`,
    `  ${counted(files, 'file')}, ${formatBytes(bytes)}`,
    `  ${formatBytes(newBytes)} new, ${formatBytes(storedBytes)} stored in ${formatSeconds(seconds)}`,
  ];
}

export async function restoreSession(
  invocation: Invocation,
  ref: string,
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async (engine) => {
    const wanted = await sessionRef(engine, ref, world.signal);
    const result = await withProgress(invocation, dryRun ? 'comparing' : 'restoring', (onProgress) =>
      engine.sessions.restore(wanted, { dryRun, onProgress, signal: world.signal }),
    );
    const lines = restoreLines(result, invocation);
    const brief = dryRun ? lines : [`${result.session}@${result.snapshot ?? result.restored}`];
    await terminal.result(restoreJson(result), lines, brief);
  });
}

export function restoreLines(
  result: RestoredSession,
  { terminal, world }: { terminal: Pick<Invocation['terminal'], 'paint'>; world: { program: string } },
): string[] {
  const { session, restored, replaced, snapshot, dryRun, changed, changes, seconds } = result;
  const shown = changes.slice(0, MOST_CHANGES).map((change) => changeLine(change, terminal));
  const more = changed.added + changed.removed + changed.modified - shown.length;
  const lines = more > 0 ? [...shown, `  and ${formatCount(more)} more`] : shown;
  const [add, remove, modify] = [changed.added, changed.removed, changed.modified].map(formatCount);
  if (dryRun)
    return [
      ...lines,
      `would restore ${session}@${restored}: add ${add}, remove ${remove}, change ${modify}`,
      `  against ${session}@${replaced}, the latest checkpoint. What was changed since is not counted, and would be saved first;`,
      `  to see it too: strata sessions checkpoint ${session}, and look again`,
    ];
  return [
    ...lines,
    `restored ${session}@${restored} as @${snapshot} in ${formatSeconds(seconds)}: ${add} added, ${remove} removed, ${modify} changed`,
    `  ${world.program} sessions restore ${session}@${replaced}  takes it back`,
  ];
}
