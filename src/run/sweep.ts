/** What attempts of dead processes have left: processes, containers and directories. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { isStrataError } from '../base/index.ts';
import type { RunTable, TaskTable } from '../db/index.ts';
import type { Executor } from '../exec/index.ts';
import { openRequest } from './request.ts';
import type { RunSettings } from './request.ts';
import type { RunWorld } from './world.ts';

/** Where one attempt works. */
export function attemptDirectory(world: RunWorld, run: string, task: string, attempt: number): string {
  return join(world.tasksDirectory, `${run}-${task}-${attempt}`);
}

/** Containers first: what is in them may still write to the directory. */
const TYPES = ['podman', 'host'] as const;

/**
 * Of every type there is, whatever is declared now: the process that died may have been configured otherwise. Nobody may carry the run meanwhile.
 */
export async function sweepAttempts(
  world: RunWorld,
  { id: run, request }: Pick<RunTable, 'id' | 'request'>,
  tasks: readonly TaskTable[],
): Promise<void> {
  const { vault, tasksDirectory } = world;
  if (!existsSync(tasksDirectory)) return;
  const ours = tasks.map(({ id }) => `${run}-${id}-`);
  const left = readdirSync(tasksDirectory).filter((name) => ours.some((front) => name.startsWith(front)));
  if (left.length === 0) return;
  const sweepers = await sweepersOf(world, openRequest(vault, run, request).settings);
  for (const name of left)
    for (const executor of sweepers) await executor.sweepLeftovers(join(tasksDirectory, name));
}

async function sweepersOf(world: RunWorld, settings: RunSettings): Promise<Executor[]> {
  const found: Executor[] = [];
  for (const type of TYPES) {
    try {
      found.push(await world.openExecutor({ type }, { ...settings, sandbox: 'off', bind: [] }));
    } catch (error) {
      // Where there is none, nothing of it is left.
      if (!isStrataError(error, 'unavailable')) throw error;
    }
  }
  return found;
}
