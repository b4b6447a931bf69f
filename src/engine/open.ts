/** Opening the engine: the configuration chooses the parts, and they get one face. */

import { chunkStoreOf } from './chunk-store.ts';
import { loadConfig } from './config-file.ts';
import type { Engine, EngineOptions } from './engine.ts';
import { eventsOf } from './events.ts';
import { Home } from './home.ts';
import { keysOf } from './keys.ts';
import { runRunner } from './runner.ts';
import { runsOf } from './runs.ts';
import { sessionsOf } from './sessions.ts';
import { workspacesOf } from './workspaces.ts';

/**
 * Reads the configuration; database, store and keys are opened by the first call that needs them. Dispose of it when done.
 *
 * @throws bad_input, unknown_config_key with all that is wrong in the configuration; refused
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const home = new Home(await loadConfig(options), options);
  return {
    workspaces: workspacesOf(home),
    runs: runsOf(home),
    sessions: sessionsOf(home, options.onDue),
    runRunner: (running) => runRunner(home, running),
    events: (reading) => eventsOf(home, reading),
    store: chunkStoreOf(home),
    keys: keysOf(home),
    regions: home.regions.names,
    takeNotices: () => home.takeNotices(),
    [Symbol.asyncDispose]: () => home[Symbol.asyncDispose](),
  };
}
