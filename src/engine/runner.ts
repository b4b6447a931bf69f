/** The engine as a runner: a process that stays, and works for the sessions that it has. */

import type { Home } from './home.ts';
import type { RunnerOptions } from './sessions-face.ts';

/** Returns when the signal is aborted and what is at work here is suspended. @throws as `becomeRunner` */
export async function runRunner(home: Home, options: RunnerOptions): Promise<void> {
  const { config } = home;
  const { name, once = false, onActivity, signal = new AbortController().signal } = options;
  const { sessionWorld } = await import('./session-world.ts');
  const { leaveRunner, serve } = await import('../session/index.ts');
  const isHome = name === config.runner.name;
  const wish = {
    name,
    region: options.region ?? config.runner.region,
    baseDir: options.baseDir ?? config.storage.workspace.baseDir,
    lease: isHome ? undefined : (options.lease ?? config.runner.lease),
  };
  const world = await sessionWorld(home, wish, { signal });
  try {
    await serve(world, { signal, once, onActivity });
  } finally {
    if (!isHome) await leaveRunner(world, world.runner);
  }
}
