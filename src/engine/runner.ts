/** The engine as a runner: a process that works for the sessions that it has. */

import { StrataError } from '../base/index.ts';
import type { Home } from './home.ts';
import type { RunnerOptions } from './sessions-face.ts';

/**
 * Returns when the signal is aborted and what is at work here is suspended; with `once`, when what is due is done. Under the name of the home
 * it acts for that.
 *
 * @throws as `becomeRunner`
 */
export async function runRunner(home: Home, options: RunnerOptions): Promise<void> {
  const { config } = home;
  const { name, once = false, onReady, onActivity, signal = new AbortController().signal } = options;
  const { homeRunner, sessionWorld } = await import('./session-world.ts');
  const { enterHome, leaveRunner, serve } = await import('../session/index.ts');
  const isHome = name === config.runner.name;
  const wish = isHome
    ? homeRunner(home)
    : {
        name,
        region: options.region ?? config.runner.region,
        baseDir: options.baseDir ?? config.storage.workspace.baseDir,
        lease: options.lease ?? config.runner.lease,
      };
  const world = await sessionWorld(home, wish, { signal });
  // One process does what is due of a home; another one that comes for that has nothing to do.
  if (isHome && !(await enterHome(world, world.runner))) {
    if (once) return;
    throw homeIsTaken(name);
  }
  try {
    onReady?.({ name, region: world.runner.region, baseDir: world.runner.base_dir, lease: wish.lease });
    await serve(world, { signal, once, isHome, onActivity });
  } finally {
    await leaveRunner(world, world.runner);
  }
}

function homeIsTaken(name: string): StrataError {
  return new StrataError('already_exists', `another process acts for runner ${name}, which is the home`, {
    hint: 'One is enough. A runner beside it has a name of its own.',
    details: { runner: name },
  });
}
