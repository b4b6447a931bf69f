/** What attempts of dead processes have left: processes, containers and directories. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { TaskTable } from '../db/index.ts';
import { openRequest } from './request.ts';
import { getRun } from './rows.ts';
import type { RunWorld } from './world.ts';
import { toHex } from '../base/index.ts';

/** Where one attempt works. */
export function attemptDirectory(world: RunWorld, run: string, task: string, attempt: number): string {
  return join(world.tasksDirectory, `${run}-${task}-${attempt}`);
}

/** Nobody may carry the run meanwhile. */
export async function sweepAttempts(
  world: RunWorld,
  run: string,
  tasks: readonly TaskTable[],
): Promise<void> {
  const { database, vault, tasksDirectory } = world;
  if (!existsSync(tasksDirectory)) return;
  const row = await getRun(database.kysely, toHex(vault.id), run);
  const { settings } = openRequest(vault, run, row.request);
  for (const name of readdirSync(tasksDirectory)) {
    const task = tasks.find(({ id }) => name.startsWith(`${run}-${id}-`));
    if (task === undefined) continue;
    const definition = world.executors.find(({ name: each }) => each === task.executor) ?? world.executors[0];
    if (definition === undefined) continue;
    const executor = await world.openExecutor(definition, settings);
    await executor.sweepLeftovers(join(tasksDirectory, name));
  }
}
