/** What runs need of a home: executors, logs, and places for tasks. */

import { join } from 'node:path';

import type { Cancellable } from '../base/index.ts';
import { Logs, findRunTree } from '../run/index.ts';
import type { RunWorld } from '../run/index.ts';
import { LayerSaves } from '../workspace/index.ts';
import type { Query, Wanted } from '../workspace/index.ts';
import type { Home } from './home.ts';
import type { Intention } from './intention.ts';
import { openExecutor } from './task-executors.ts';

/** @throws as `Home.world` */
export async function runWorld(home: Home, intention: Intention, options: Cancellable): Promise<RunWorld> {
  const world = await home.world(intention, options);
  return {
    ...world,
    layers: new LayerSaves(world),
    logs: new Logs(join(home.config.home, 'runs')),
    tasksDirectory: join(home.config.home, 'tasks'),
    executors: home.executors,
    openExecutor: ({ type }, { sandbox, bind }) => openExecutor(home, { type, sandbox, bind }),
    retention: home.config.runs.retention,
  };
}

/** What a reference to a run means. */
export async function findTree(
  home: Home,
  intention: Intention,
  ref: string,
  options: Cancellable,
): Promise<(query: Query) => Promise<Wanted>> {
  return findRunTree(await runWorld(home, intention, options), ref);
}
