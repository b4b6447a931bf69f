/** What runs need of a home: executors, logs, and places for tasks. */

import { join } from 'node:path';

import type { Cancellable } from '../base/index.ts';
import { hostExecutor, podmanExecutor } from '../exec/index.ts';
import type { Executor } from '../exec/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import { Logs, findRunTree } from '../run/index.ts';
import type { RunSettings, RunWorld } from '../run/index.ts';
import { LayerSaves } from '../workspace/index.ts';
import type { Query, Wanted } from '../workspace/index.ts';
import type { Home, Intention } from './home.ts';

/** @throws as `Home.world` */
export async function runWorld(home: Home, intention: Intention, options: Cancellable): Promise<RunWorld> {
  const world = await home.world(intention, options);
  return {
    ...world,
    layers: new LayerSaves(world),
    logs: new Logs(join(home.config.home, 'runs')),
    tasksDirectory: join(home.config.home, 'tasks'),
    executors: home.executors,
    openExecutor: (definition, settings) => openExecutor(home, definition, settings),
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

function openExecutor(
  { config, regions, keySource, keyWorld }: Home,
  { type }: ExecutorDefinition,
  { sandbox, bind }: RunSettings,
): Promise<Executor> {
  const environment = keyWorld.env;
  if (type === 'podman') return podmanExecutor({ environment });
  // What opens the store must not be seen by what a run file has run.
  const key = keySource.kind === 'key_file' || keySource.kind === 'passphrase_file' ? [keySource.path] : [];
  const hidden = [config.home, ...regions.localPaths, config.storage.cache.path, ...key];
  return hostExecutor({ sandbox, bind, hidden, environment });
}
