/** What sessions need of a home: a runner, stores, executors, and means to keep a quota. */

import { accessSync, constants } from 'node:fs';
import { join, resolve } from 'node:path';

import { bootClock, makeDirectories, systemClock, systemError, systemRandom } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import { chooseMeans, meansNamed } from '../quota/index.ts';
import { becomeRunner } from '../session/index.ts';
import type { RunnerWish, ServeWorld } from '../session/index.ts';
import { namesRun } from '../workspace/index.ts';
import type { Home } from './home.ts';
import { chooseRegion } from './nearest.ts';
import { openExecutor } from './task-executors.ts';

/** The home as a runner: any of its processes acts for it. */
export function homeRunner({ config }: Home): RunnerWish {
  const { name, region } = config.runner;
  return { name, region, baseDir: config.storage.workspace.baseDir, lease: undefined };
}

/** @throws as `becomeRunner`; bad_input if the configuration has no such region */
export async function sessionWorld(home: Home, wish: RunnerWish, options: Cancellable): Promise<ServeWorld> {
  const { config, tenant } = home;
  home.regions.place(wish.region);
  const database = await home.database(options);
  const rows = { database, clock: systemClock, random: systemRandom, monotonic: bootClock, tenant };
  const baseDir = resolve(home.cwd, wish.baseDir);
  // One that comes to work should hear now that it cannot.
  if (wish.lease !== undefined) makeWritable(baseDir);
  const runner = await becomeRunner(rows, { ...wish, baseDir });
  return {
    ...rows,
    log: home.log,
    runner,
    storeOf: (region, { signal }) => home.world('write', { region, signal }),
    nearest: async (ref, { signal }) => {
      if (namesRun(ref)) return { world: await home.worldOf('read', ref, { signal }), ref };
      const chosen = await chooseRegion(home, ref, { signal });
      return { world: await home.world('read', { region: chosen.region, signal }), ref: chosen.ref };
    },
    openExecutor: ({ kind, sandbox }) => openExecutor(home, { type: kind, sandbox, bind: [] }),
    means: async (name) =>
      name === undefined
        ? chooseMeans(runner.base_dir, config.storage.workspace.quotaMeans ?? 'auto')
        : meansNamed(name),
    tasksDirectory: join(config.home, 'tasks'),
    requestsDirectory: join(config.home, 'requests'),
    retention: config.storage.workspace.retention,
  };
}

/** @throws read_only, not_found, … */
function makeWritable(directory: string): void {
  try {
    makeDirectories(directory);
    accessSync(directory, constants.W_OK | constants.X_OK);
  } catch (error) {
    throw systemError(error, `keep sessions in ${directory}`);
  }
}
