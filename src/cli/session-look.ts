/** `sessions get`, `list`, `runners`, and what is in the workspace of one: `log`, `diff`, `ls` and `cat` */

import { StrataError } from '../base/index.ts';
import type { SessionState } from '../db/index.ts';
import type { Engine } from '../engine/index.ts';
import type { RunnerInfo, SessionInfo } from '../session/index.ts';
import { oneLine } from './columns.ts';
import { tellChanges, tellEntries, tellFile } from './files.ts';
import type { ListEntriesFlags } from './files.ts';
import { formatAge, formatBytes, formatDate, table } from './format.ts';
import { tellLog } from './history.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { latestOf, savedWord } from './session-durability.ts';
import type { LabelFlags } from './session-flags.ts';
import { runnerJson, sessionJson } from './session-shapes.ts';
import { tellSession } from './session-told.ts';

export interface ListSessionsFlags {
  readonly state?: SessionState;
  readonly labels?: LabelFlags;
  readonly all?: boolean;
}

export async function getSession(invocation: Invocation, name: string): Promise<void> {
  await withEngine(invocation, async ({ sessions }) => {
    const session = await sessions.get(name, { signal: invocation.world.signal });
    await tellSession(invocation, session, session.name, session.state);
  });
}

export async function listSessions(invocation: Invocation, flags: ListSessionsFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ sessions }) => {
    const found = await sessions.list({ ...flags, signal: world.signal });
    if (found.length === 0)
      terminal.say(Object.keys(flags).length === 0 ? 'no sessions yet' : 'no such sessions');
    await terminal.result(
      { sessions: found.map(sessionJson) },
      sessionTable(found, world.clock()),
      found.map(({ name }) => name),
    );
  });
}

function sessionTable(sessions: readonly SessionInfo[], now: number): string[] {
  if (sessions.length === 0) return [];
  const rows = sessions.map((session) => [
    session.name,
    session.state,
    session.runner ?? '-',
    session.region,
    session.mobility,
    savedWord(session),
    latestOf(session)?.slice(session.name.length) ?? '-',
    formatBytes(session.usedBytes),
    formatAge(session.lastActive, now),
    oneLine(session.agent),
  ]);
  const titles = [
    'NAME',
    'STATE',
    'RUNNER',
    'REGION',
    'MOBILITY',
    'FILES',
    'LATEST',
    'SIZE',
    'ACTIVE',
    'AGENT',
  ];
  const text = 'left';
  const figure = 'right';
  return table([titles, ...rows], [text, text, text, text, text, text, figure, figure, text, text]);
}

export async function listRunners(invocation: Invocation): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ sessions }) => {
    const runners = await sessions.runners({ signal: world.signal });
    if (runners.length === 0) terminal.say('no runners yet');
    await terminal.result(
      { runners: runners.map(runnerJson) },
      runnerTable(runners),
      runners.map(({ name }) => name),
    );
  });
}

function runnerTable(runners: readonly RunnerInfo[]): string[] {
  if (runners.length === 0) return [];
  const rows = runners.map(({ name, region, state, baseDir, sessions, seen }) => [
    name,
    region,
    state === 'gone' || state === 'silent' ? `${state} since ${formatDate(seen)}` : state,
    String(sessions),
    oneLine(baseDir),
  ]);
  const titles = ['NAME', 'REGION', 'STATE', 'SESSIONS', 'DIRECTORY'];
  return table([titles, ...rows], ['left', 'left', 'left', 'right', 'left']);
}

export async function showSessionLog(invocation: Invocation, name: string): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async (engine) =>
    tellLog(invocation, engine, await sessionRef(engine, name, signal), {}),
  );
}

/** @param after undefined: the latest checkpoint of the same session */
export async function diffSession(
  invocation: Invocation,
  before: string,
  after: string | undefined,
): Promise<void> {
  const { signal } = invocation.world;
  if (after === undefined && !before.includes('@'))
    throw new StrataError('bad_input', `${JSON.stringify(before)} is the latest checkpoint itself`, {
      hint: `Name an earlier one, as in ${before}@1, or two. What is in no checkpoint yet: \`strata sessions checkpoint ${before}\` first.`,
    });
  await withEngine(invocation, async (engine) => {
    const first = await sessionRef(engine, before, signal);
    const second =
      after === undefined ? first.slice(0, first.indexOf('@')) : await sessionRef(engine, after, signal);
    await tellChanges(invocation, engine, first, second);
  });
}

export async function listSessionEntries(
  invocation: Invocation,
  ref: string,
  flags: ListEntriesFlags,
): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async (engine) =>
    tellEntries(invocation, engine, await sessionRef(engine, ref, signal), flags),
  );
}

export async function catSessionFile(invocation: Invocation, ref: string): Promise<void> {
  const { signal } = invocation.world;
  await withEngine(invocation, async (engine) =>
    tellFile(invocation, engine, await sessionRef(engine, ref, signal)),
  );
}

/**
 * A reference that names a session, by its name or its id, as one that names its workspace.
 *
 * @param ref `SESSION[@SNAPSHOT][:PATH]`
 * @throws session_not_found, workspace_expired
 */
export async function sessionRef({ sessions }: Engine, ref: string, signal: AbortSignal): Promise<string> {
  const session = /^[^@:]*/.exec(ref)![0];
  const { name, workspace, expired } = await sessions.get(session, { signal });
  if (expired === undefined) return workspace + ref.slice(session.length);
  throw new StrataError(
    'workspace_expired',
    `the workspace of session ${name} expired on ${formatDate(expired)}`,
    {
      hint: 'Its files are gone. `strata sessions create` makes a new session.',
      details: { session: name, expired },
    },
  );
}
