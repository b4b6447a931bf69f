/** `sessions create`, `fork`, `suspend`, `resume`, `hold`, `terminate` and `undelete` */

import type { Command } from 'commander';

import { StrataError } from '../base/index.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { withProgress } from './progress.ts';
import { latestOf } from './session-durability.ts';
import { sessionOptions } from './session-flags.ts';
import type { CreateFlags } from './session-flags.ts';
import { sessionRef } from './session-look.ts';
import { tellSession } from './session-told.ts';

export interface ResumeFlags {
  readonly runner?: string;
  readonly region?: string;
  readonly acceptLoss?: boolean;
}

export interface TerminateFlags {
  readonly discard?: boolean;
  readonly retention?: number;
}

/** @param more words that nobody asked for */
export async function createSession(
  invocation: Invocation,
  flags: CreateFlags,
  { args: more }: Pick<Command, 'args'>,
): Promise<void> {
  refuseMore(more);
  const { signal } = invocation.world;
  await withEngine(invocation, async ({ sessions }) => {
    const made = await withProgress(
      invocation,
      flags.from === undefined ? 'creating' : 'restoring',
      (onProgress) => sessions.create({ ...sessionOptions(flags), onProgress, signal }),
    );
    await tellSession(invocation, made, `created ${made.name}`, made.name);
  });
}

export async function forkSession(invocation: Invocation, ref: string, flags: CreateFlags): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async (engine) => {
    const from = await sessionRef(engine, ref, signal);
    const made = await engine.sessions.fork(from, { ...sessionOptions(flags), signal });
    await tellSession(invocation, made, `forked ${from} as ${made.name}`, made.name);
  });
}

export async function suspendSession(invocation: Invocation, name: string): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async ({ sessions }) => {
    const session = await withProgress(invocation, 'saving', (onProgress) =>
      sessions.suspend(name, { onProgress, signal }),
    );
    for (const warning of session.warnings) invocation.terminal.warn(warning);
    await tellSession(invocation, session, `suspended ${session.name}`, latestOf(session) ?? session.name);
  });
}

export async function resumeSession(invocation: Invocation, name: string, flags: ResumeFlags): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async ({ sessions }) => {
    const session = await withProgress(invocation, 'restoring', (onProgress) =>
      sessions.resume(name, { ...flags, onProgress, signal }),
    );
    await tellSession(invocation, session, `resumed ${session.name}`, session.name);
  });
}

export async function holdSession(
  invocation: Invocation,
  name: string,
  { release = false }: { readonly release?: boolean },
): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async ({ sessions }) => {
    const session = await sessions.hold(name, !release, { signal });
    const did = release ? `released ${session.name}` : `${session.name} is held: it does not expire`;
    await tellSession(invocation, session, did, session.name);
  });
}

export async function terminateSession(
  invocation: Invocation,
  name: string,
  flags: TerminateFlags,
): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async ({ sessions }) => {
    const session = await withProgress(invocation, 'saving', (onProgress) =>
      sessions.terminate(name, { ...flags, onProgress, signal }),
    );
    for (const warning of session.warnings) invocation.terminal.warn(warning);
    await tellSession(invocation, session, `terminated ${session.name}`, latestOf(session) ?? session.name);
  });
}

export async function undeleteSession(invocation: Invocation, name: string): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async ({ sessions }) => {
    const session = await sessions.undelete(name, { signal });
    await tellSession(invocation, session, `${session.name} is back, suspended`, session.name);
  });
}

/** Behind `\` and a space the line ends for a shell: what was to come next would be missing in silence. */
function refuseMore([word]: readonly string[]): void {
  if (word === undefined) return;
  throw word.trim() === ''
    ? new StrataError('bad_input', 'a word that is only spaces stands behind the flags', {
        hint: 'A line goes on in the next one only if \\ is the last of it: no space and no comment behind it.',
      })
    : new StrataError('bad_input', `create does not take ${JSON.stringify(word)}`, {
        hint: 'It takes flags alone. The name of the session is given by --name.',
      });
}
