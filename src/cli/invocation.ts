/** One command on its way: what is around it, where it speaks, and the engine it may need. */

import type { Engine } from '../engine/index.ts';
import { startRunner } from './start-runner.ts';
import { stepLog } from './step-log.ts';
import type { Terminal } from './terminal.ts';
import type { GlobalFlags, World } from './world.ts';

export interface Invocation {
  readonly world: World;
  /** All of the line, as it was typed. */
  readonly words: readonly string[];
  readonly flags: GlobalFlags;
  readonly terminal: Terminal;
  /** For a command that did its work and found something wrong. */
  exitCode: number;
  /** For a failure of ours, where the code of any other would be taken for that of the command that was to run. */
  failureCode?: number;
}

/** Opens the engine, which loads it first: a command that needs none starts faster. */
export async function withEngine(
  { world, flags, terminal }: Invocation,
  use: (engine: Engine) => Promise<void>,
): Promise<void> {
  const { openEngine } = await import('../engine/index.ts');
  const { env, cwd } = world;
  await using engine = await openEngine({
    log: flags.verbose === true ? stepLog(terminal, world.clock) : undefined,
    home: flags.home,
    config: flags.config,
    tenant: flags.tenant,
    env,
    cwd,
    onDue: (runner) => startRunner({ runner, flags, world }),
  });
  try {
    await use(engine);
  } finally {
    // Also when it failed: a root key may have been made on the way.
    for (const notice of engine.takeNotices()) terminal.note(notice);
  }
}
