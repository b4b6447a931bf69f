/** What commands of tasks and sessions run on, on this machine. */

import type { Executor } from '../exec/index.ts';
import type { Home } from './home.ts';

export interface ExecutorChoice {
  readonly type: 'host' | 'podman';
  readonly sandbox: 'auto' | 'require' | 'off';
  /** Absolute paths that sandboxed commands may write to. */
  readonly bind: readonly string[];
}

export async function openExecutor(
  { config, regions, keySource, keyWorld }: Home,
  { type, sandbox, bind }: ExecutorChoice,
): Promise<Executor> {
  const environment = keyWorld.env;
  // Loaded by whoever runs a command: most have none to run.
  const { hostExecutor, podmanExecutor } = await import('../exec/index.ts');
  if (type === 'podman') return podmanExecutor({ environment });
  // What opens the store must not be seen by what others have run, nor the files of other sessions.
  const key = keySource.kind === 'key_file' || keySource.kind === 'passphrase_file' ? [keySource.path] : [];
  const { cache, workspace } = config.storage;
  const hidden = [config.home, ...regions.localPaths, cache.path, workspace.baseDir, ...key];
  return hostExecutor({ sandbox, bind, hidden, environment });
}
