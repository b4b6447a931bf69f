/** A session whose lease is over: its runner may still be at work, have gone, or save by itself what it has. */

import {
  resumeSession,
  suspendSession,
  syncSession,
  terminateSession,
  checkpointSession,
} from '../../../session/index.ts';
import type { ServeWorld } from '../../../session/index.ts';
import { expectOnly, expectSame, here, isAtWork, whenFree } from './act.ts';
import type { Actor } from './act.ts';
import type { NaiveSession } from './naive.ts';
import type { SessionSite } from './site.ts';

export async function lose({ site, session }: Actor): Promise<void> {
  // The leases of the home last.
  if (session.runner === 0) return;
  await site.endLease(session.name, elsewhere(site, session).world);
  expectSame((await site.show(session.name)).state, 'suspended');
  session.state = 'suspended';
  session.isLost = true;
}

/** On its own runner, whose files are still there. */
export async function goOn({ site, session }: Actor): Promise<void> {
  await whenFree(() => resumeSession(here(site, session), session.name));
  session.isLost = false;
  const { snapshot } = await site.show(session.name);
  // It may have been saved before.
  if (snapshot !== session.latest) session.learn(snapshot);
  await isAtWork(site, session, session.runner!);
}

/** Only with loss, unless its runner has saved it meanwhile. */
export async function goElsewhere(actor: Actor): Promise<void> {
  const { site, session } = actor;
  if (session.isPinned) return goOn(actor);
  const { world, runner } = elsewhere(site, session);
  const tried = await Promise.allSettled([whenFree(() => resumeSession(world, session.name))]);
  const [isDone] = expectOnly(tried, 'not_synced');
  if (isDone !== true) await whenFree(() => resumeSession(world, session.name, { acceptLoss: true }));
  await isTaken(site, session, runner);
}

/** What was lost is saved later. */
export async function sync({ site, session }: Actor): Promise<void> {
  expectSame(await whenFree(() => syncSession(here(site, session), session.name)), true);
  const { state, synced, reason, snapshot } = await site.show(session.name);
  expectSame({ state, synced, reason }, { state: 'suspended', synced: !session.isPinned });
  session.isLost = false;
  session.learn(snapshot);
}

export async function terminateLost({ site, session, chance }: Actor): Promise<void> {
  const discard = chance.once(2);
  await whenFree(() => terminateSession(here(site, session), session.name, { discard }));
  const { snapshot } = await site.show(session.name);
  session.isLost = false;
  session.state = 'terminated';
  // Its runner may have saved it before.
  if (discard && snapshot === session.latest) session.leave(true);
  else session.learn(snapshot);
}

/** Its lease ends while it is being saved, and another runner goes on: what comes too late is not committed. */
export async function cutOff({ site, session, chance }: Actor): Promise<void> {
  if (session.runner === 0 || session.isPinned) return;
  const { world, runner } = elsewhere(site, session);
  const act = chance.pick([checkpointSession, suspendSession]);
  const waits = chance.once(2);
  const takeOver = async () => {
    await site.endLease(session.name, world);
    await whenFree(() => resumeSession(world, session.name, { acceptLoss: true }));
  };
  const owner = here(site, session);
  let taking: Promise<void> | undefined;
  const late: ServeWorld = {
    ...owner,
    storeOf: async (...given) => {
      taking ??= takeOver();
      // Else both go on at once.
      if (waits) await taking;
      return owner.storeOf(...given);
    },
  };
  const outcome = await Promise.allSettled([act(late, session.name)]);
  await taking;
  const [isDone] = expectOnly(outcome, 'lease_lost');
  const { snapshot } = await site.show(session.name);
  if (waits && (isDone === true || snapshot !== session.latest))
    throw new Error('something was committed under a lease that was over');
  await isTaken(site, session, runner);
}

/** Another runner has it, with the files of the latest snapshot: of one that is new since, or of the last one. */
async function isTaken(site: SessionSite, session: NaiveSession, runner: number): Promise<void> {
  const { snapshot } = await site.show(session.name);
  if (snapshot !== session.latest) session.learn(snapshot);
  session.leave(false);
  await isAtWork(site, session, runner);
}

function elsewhere({ runners }: SessionSite, { runner = 0 }: NaiveSession) {
  const other = (runner + 1) % runners.length;
  return { runner: other, world: runners[other]! };
}
