/** What attempts of dead processes have left: processes, containers and directories. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { RunTable, TaskTable } from '../db/index.ts';
import { openRequest } from './request.ts';
import type { RunWorld } from './world.ts';

/** Where one attempt works. */
export function attemptDirectory(world: RunWorld, run: string, task: string, attempt: number): string {
  return join(world.tasksDirectory, `${run}-${task}-${attempt}`);
}

/** Nobody may carry the run meanwhile. */
export async function sweepAttempts(
  world: RunWorld,
  { id: run, request }: Pick<RunTable, 'id' | 'request'>,
  tasks: readonly TaskTable[],
): Promise<void> {
  const { vault, tasksDirectory } = world;
  if (!existsSync(tasksDirectory)) return;
  const { settings } = openRequest(vault, run, request);
  for (const name of readdirSync(tasksDirectory)) {
    const task = tasks.find(({ id }) => name.startsWith(`${run}-${id}-`));
    if (task === undefined) continue;
    const definition = world.executors.find(({ name: each }) => each === task.executor) ?? world.executors[0];
    if (definition === undefined) continue;
    const executor = await world.openExecutor(definition, settings);
    await executor.sweepLeftovers(join(tasksDirectory, name));
  }
}
