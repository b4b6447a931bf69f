/** What a command on a session answers: what it did, and how the session is now. */

import type { SessionInfo } from '../session/index.ts';
import type { Invocation } from './invocation.ts';
import { sessionLines } from './session-block.ts';
import { sessionJson } from './session-shapes.ts';

/** @param did as in `created dev` @param brief what `--quiet` leaves */
export async function tellSession(
  invocation: Invocation,
  session: SessionInfo,
  did: string,
  brief: string,
): Promise<void> {
  const { terminal, world } = invocation;
  const { now, program } = { now: world.clock(), program: world.program };
  const range = session.retention.clamped ? await allowedRetention(invocation) : undefined;
  const lines = [did, ...sessionLines(session, { now, program, range })];
  await terminal.result(sessionJson(session), lines, [brief]);
}

async function allowedRetention({ world, flags }: Invocation) {
  const { loadConfig } = await import('../engine/index.ts');
  const { home, config } = flags;
  const { storage } = await loadConfig({ home, config, env: world.env, cwd: world.cwd });
  return storage.workspace.retention;
}
