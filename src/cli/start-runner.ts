/** What takes longer than a command may goes on in a process of its own, which nobody waits for. */

import type { GlobalFlags, World } from './world.ts';

interface Start {
  readonly runner: string;
  readonly flags: GlobalFlags;
  readonly world: Pick<World, 'env' | 'cwd' | 'start'>;
}

/** The same program, under the same Node. If it cannot be started, the next command finds the same due. */
export function startRunner({ runner, flags, world }: Start): void {
  if (world.start === undefined) return;
  const [program, ...front] = world.start;
  // Not imported: it costs each start of a command time, and there is no waiting for it here.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const given = (['home', 'config', 'tenant'] as const).flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [`--${name}`, value];
  });
  const words = [...front, 'runner', '--name', runner, '--once', '--quiet', ...given];
  const child = spawn(program, words, {
    cwd: world.cwd,
    env: world.env,
    detached: true,
    stdio: 'ignore',
  });
  child.on('error', () => undefined);
  child.unref();
}
