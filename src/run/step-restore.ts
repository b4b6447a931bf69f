/** `restore_workspace`: what the ancestors have saved, merged before a byte is written, and put into a directory of the task. */

import { statSync } from 'node:fs';

import { counted, formatBytes } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import { restoreWorkspaceTree, selectRoot } from '../workspace/index.ts';
import type { StepContext } from './attempt.ts';
import { since } from './since.ts';
import { selectorOf } from './run-graph.ts';
import { workspaceConflict } from './conflict.ts';
import { belowHome } from './working-dir.ts';

/** @throws workspace_conflict; conflict with what is on the disk already; integrity, disk_full, cancelled: then nothing is written */
export async function restoreWorkspace(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'restore_workspace' }>,
): Promise<void> {
  const { world, input, place, given, log, signal, task } = context;
  const started = world.clock();
  const merged = await input.merge(step.onConflict, { only: step.tasks, signal });
  if (merged.kind === 'conflicts')
    throw workspaceConflict(merged, `the workspace of ${task.definition.name}`);
  const chosen =
    step.paths === undefined ? merged : await selectRoot(merged, selectorOf(step.paths), { signal });
  const names = belowHome(context, step.destDir);
  using target = Below.open(place.directory, names, { make: true });
  const shown = step.destDir === '' ? '.' : step.destDir;
  // The directory is the task's: it keeps its mode.
  const root = { ...chosen.root, mode: statSync(target.path).mode & 0o777 };
  const { files, bytes, records } = await restoreWorkspaceTree(
    world,
    { root, source: chosen.source },
    target,
    {
      signal,
    },
  );
  given.add({ root: chosen.root, source: chosen.source, names, records });
  context.restored(bytes);
  log.line(
    `restored ${counted(files, 'file')}, ${formatBytes(bytes)}, to ${shown}, ${since(world, started)}`,
  );
}
