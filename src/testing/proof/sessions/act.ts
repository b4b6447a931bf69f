/** What is done with one session, and what has to come of it by the naive model. */

import { setTimeout as sleep } from 'node:timers/promises';

import { isStrataError } from '../../../base/index.ts';
import type { ErrorCode } from '../../../base/index.ts';
import {
  checkpointSession,
  forkSession,
  newSessionId,
  restoreSession,
  restoredChanges,
  resumeSession,
  suspendSession,
  terminateSession,
  undeleteSession,
} from '../../../session/index.ts';
import type { ServeWorld } from '../../../session/index.ts';
import type { Chance } from '../chance.ts';
import { ChangingDirectory, difference, readFiles } from '../model/directory.ts';
import { changesBetween } from '../model/naive.ts';
import { NaiveSession } from './naive.ts';
import type { SessionSite } from './site.ts';

/** Of which one does something at a time. */
export interface Actor {
  readonly site: SessionSite;
  readonly session: NaiveSession;
  readonly chance: Chance;
  /** Takes a session that has been made. */
  readonly adopt: (session: NaiveSession) => void;
  /** Another session may be made. */
  readonly hasRoom: () => boolean;
}

/** Milliseconds between two tries of what another operation is in the way of. */
const WAIT_MS = 20;
const MOST_TRIES = 1500;
/** Of a file system: it has to have room for its own tables. */
const QUOTA_MB = 64;

export async function create(site: SessionSite, name: string, chance: Chance): Promise<NaiveSession> {
  const runner = chance.below(site.runners.length);
  const isPinned = chance.once(8);
  const world = worldOf(site, runner, chance);
  const { snapshot } = await site.parts.create(world, name, {
    storageType: chance.once(3) ? 'cas' : 'volume',
    mobility: isPinned ? 'local' : 'object_sync',
    quotaMb: QUOTA_MB,
    idleTimeout: 0,
  });
  const session = new NaiveSession(name, isPinned, new Map());
  session.runner = runner;
  session.learn(snapshot);
  return session;
}

/** In the directory itself: a command costs a process. */
export async function write({ site, session, chance }: Actor): Promise<void> {
  const directory = await directoryOf(site, session);
  new ChangingDirectory(directory, chance).change();
  session.files = readFiles(directory);
}

export async function exec({ site, session, chance }: Actor): Promise<void> {
  const word = `${chance.below(1e9)}`;
  const name = `said-${chance.below(3)}`;
  const isSaved = chance.once(2);
  const script = `echo ${word} > ${name}`;
  const { exitCode, snapshot } = await site.parts.exec(here(site, session), session.name, script, {
    checkpoint: isSaved,
  });
  expectSame(exitCode, 0);
  session.files = new Map(session.files).set(name, Buffer.from(`${word}\n`));
  if (isSaved) session.learn(snapshot);
}

export async function checkpoint({ site, session }: Actor): Promise<void> {
  const { snapshot } = await checkpointSession(here(site, session), session.name);
  session.learn(snapshot);
}

export async function suspend({ site, session }: Actor): Promise<void> {
  await suspendSession(here(site, session), session.name);
  await rests(site, session);
}

/** Both at once: one may be told that the other is at work. */
export async function suspendWhileSaving({ site, session, chance }: Actor): Promise<void> {
  const world = here(site, session);
  const acts = [checkpointSession, suspendSession];
  if (chance.once(2)) acts.reverse();
  const outcomes = await Promise.allSettled(acts.map((act) => act(world, session.name)));
  const isDone = expectOnly(outcomes, 'conflict');
  if (!isDone.includes(true)) throw new Error('neither was done');
  if (isDone[acts.indexOf(suspendSession)]) return rests(site, session);
  session.learn((await site.show(session.name)).snapshot);
}

/** A command that is at work then ends. */
export async function suspendBeneathCommand({ site, session }: Actor): Promise<void> {
  const world = here(site, session);
  const file = `begun-${session.latest}`;
  const ended = new AbortController();
  const running = site.parts
    .exec(world, session.name, `echo 1 > ${file}; sleep 1000`)
    .finally(() => ended.abort());
  const ending = expectCode('interrupted', running);
  // It is awaited further down.
  ending.catch(() => undefined);
  const directory = await directoryOf(site, session);
  while (!ended.signal.aborted && readFiles(directory).get(file)?.length !== 2) await sleep(WAIT_MS);
  if (!ended.signal.aborted) await suspendSession(world, session.name);
  await ending;
  session.files = new Map(session.files).set(file, Buffer.from('1\n'));
  await rests(site, session);
}

export async function resume({ site, session, chance }: Actor): Promise<void> {
  const to =
    session.isPinned && session.runner !== undefined ? session.runner : chance.below(site.runners.length);
  const away = (to + 1) % site.runners.length;
  if (session.isPinned && session.runner !== undefined && chance.once(3))
    await expectCode('workspace_pinned', resumeSession(site.runners[away]!, session.name));
  await resumeSession(worldOf(site, to, chance), session.name);
  await isAtWork(site, session, to);
}

/** One gets it. */
export async function resumeByAll({ site, session }: Actor): Promise<void> {
  const outcomes = await Promise.allSettled(
    site.runners.map((runner) => resumeSession(runner, session.name)),
  );
  const allowed =
    session.isPinned && session.runner !== undefined
      ? (['conflict', 'workspace_pinned'] as const)
      : (['conflict'] as const);
  const winners = expectOnly(outcomes, ...allowed).flatMap((isDone, at) => (isDone ? [at] : []));
  if (winners.length !== 1) throw new Error(`${winners.length} runners have it`);
  await isAtWork(site, session, winners[0]!);
}

export async function restore({ site, session, chance }: Actor): Promise<void> {
  const [number, files] = chance.pick(session.known);
  const ref = `${session.name}@${number}`;
  const world = session.state === 'active' ? here(site, session) : site.runners[0]!;
  const dry = await restoreSession(world, ref, { dryRun: true });
  const { changed } = await restoredChanges(world, dry, {});
  if (session.snapshots.get(session.latest) !== undefined)
    expectSame(
      changed.added + changed.removed + changed.modified,
      changesBetween(session.saved, files).length,
    );
  const { replaced, snapshot } = await restoreSession(world, ref);
  if (snapshot !== replaced + 1) throw new Error(`${ref} replaced ${replaced}, and is ${snapshot}`);
  session.learn(replaced);
  session.learn(snapshot, files);
  session.files = files;
  if (session.state === 'active') await expectFiles(site, session);
}

export async function fork({ site, session, chance, adopt, hasRoom }: Actor): Promise<void> {
  if (!hasRoom()) return;
  const [number, files] = chance.pick(session.known);
  const name = `${session.name}-${number}-${chance.below(1e6)}`;
  const { agent, region, storageType } = await site.show(session.name);
  const forked = new NaiveSession(name, false, files);
  const wish = {
    id: newSessionId(site.parts.world.random),
    name,
    agent,
    storageType,
    mobility: 'object_sync',
    storeRegion: 'default',
    region,
    quotaMb: QUOTA_MB,
    idleTimeout: 0,
    retention: undefined,
    checkpointEach: false,
    labels: {},
  } as const;
  await forkSession(chance.pick(site.runners), `${session.name}@${number}`, wish, {});
  forked.state = 'suspended';
  forked.learn((await site.show(name)).snapshot);
  adopt(forked);
}

export async function terminate({ site, session, chance }: Actor): Promise<void> {
  const discard = chance.once(3);
  const world = session.state === 'active' ? here(site, session) : site.runners[session.runner ?? 0]!;
  await terminateSession(world, session.name, { discard });
  if (discard && session.state === 'active') session.files = session.saved;
  session.state = 'terminated';
  session.learn((await site.show(session.name)).snapshot);
}

export async function undelete({ site, session, chance }: Actor): Promise<void> {
  await undeleteSession(chance.pick(site.runners), session.name);
  session.state = 'suspended';
}

/** It is at rest, and all that it has is in a snapshot. */
async function rests(site: SessionSite, session: NaiveSession): Promise<void> {
  const { state, snapshot, reason, synced } = await site.show(session.name);
  expectSame({ state, reason, synced }, { state: 'suspended', synced: !session.isPinned });
  session.state = 'suspended';
  session.learn(snapshot);
}

export async function isAtWork(site: SessionSite, session: NaiveSession, runner: number): Promise<void> {
  session.state = 'active';
  session.runner = runner;
  const { state, runner: name, snapshot } = await site.show(session.name);
  expectSame(
    { state, name, snapshot },
    { state: 'active', name: site.runners[runner]!.runner.name, snapshot: session.latest },
  );
  await expectFiles(site, session);
}

export async function expectFiles(site: SessionSite, session: NaiveSession): Promise<void> {
  const found = difference(readFiles(await directoryOf(site, session)), session.files);
  if (found !== undefined) throw new Error(`the directory is wrong: ${found}`);
}

export function here(site: SessionSite, { runner }: NaiveSession): ServeWorld {
  return site.runners[runner!]!;
}

/** Some directories are file systems of their own, which take their time. */
export function worldOf({ runners, limited }: SessionSite, runner: number, chance: Chance): ServeWorld {
  return (limited !== undefined && chance.once(30) ? limited : runners)[runner]!;
}

async function directoryOf(site: SessionSite, session: NaiveSession): Promise<string> {
  return site.parts.filesOf(here(site, session), session.name);
}

/** @returns whether each was done. @throws of the others the first that has another code */
export function expectOnly(
  outcomes: readonly PromiseSettledResult<unknown>[],
  ...codes: readonly ErrorCode[]
): boolean[] {
  return outcomes.map((outcome) => {
    if (outcome.status === 'fulfilled') return true;
    if (!codes.some((code) => isStrataError(outcome.reason, code))) throw outcome.reason;
    return false;
  });
}

export async function expectCode(code: ErrorCode, act: Promise<unknown>): Promise<void> {
  const [isDone] = expectOnly(await Promise.allSettled([act]), code);
  if (isDone === true) throw new Error(`it was done, and is to be refused as ${code}`);
}

/** Another operation may be at work on it: what is due, which nobody asked for. */
export async function whenFree<Answer>(act: () => Promise<Answer>): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    try {
      return await act();
    } catch (error) {
      const isBusy = isStrataError(error, 'conflict') && error.details?.['operation'] !== undefined;
      if (!isBusy || tries === MOST_TRIES) throw error;
      await sleep(WAIT_MS);
    }
  }
}

export function expectSame(found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`found ${a}, not ${b}`);
}
