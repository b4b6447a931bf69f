/** Where the newest files of a session are, in words: it is called synced only when it is. */

import type { SessionInfo } from '../session/index.ts';
import { oneLine } from './columns.ts';

/** What is told of a session that is not at work. */
const AT_REST: ReadonlySet<SessionInfo['state']> = new Set(['suspended', 'terminated']);

/** As in a list. */
export function savedWord({ synced, durability, expired }: SessionInfo): string {
  if (expired !== undefined) return 'gone';
  return synced ? 'synced' : durability;
}

export function durabilityText(session: SessionInfo): string {
  const { synced, durability, state, mobility, runner, lastRunner, expired } = session;
  const latest = latestOf(session);
  if (expired !== undefined) return 'gone: the time was over for which its files were kept';
  if (synced) return `durable, synced: all of it is in the store, as ${latest ?? 'it is'}`;
  const here = runner ?? lastRunner;
  const alone = here === undefined ? 'on no runner yet' : `on runner ${here} alone`;
  if (!AT_REST.has(state))
    return `${durability}: ${latest === undefined ? 'all that it has' : `what is newer than ${latest}`} is ${alone}`;
  const why = reasonText(session);
  if (hasUnsaved(session)) return `${durability}: its newest files are ${alone}, as ${why}`;
  if (durability === 'uploaded')
    return `uploaded: ${latest} is in the store, the head that tells of it is not${why === undefined ? '' : `: ${why}`}`;
  // A fork that was never resumed was on no runner; all of a home are on its machine.
  if (mobility === 'local')
    return `local: ${latest} is on ${here === undefined ? 'this machine' : `the machine of runner ${here}`} alone`;
  return `${durability}: ${latest} is the latest`;
}

/** The runner that it was at work on last has what is in no checkpoint. */
export function hasUnsaved({ synced, state, durability, reason = '' }: SessionInfo): boolean {
  if (synced || !AT_REST.has(state)) return false;
  return reason === 'runner_lost' || (reason.startsWith(AWAY) && durability === 'local');
}

const AWAY = 'store_unavailable';

/** As in `suspended: it was idle`. */
export function reasonText({ reason }: Pick<SessionInfo, 'reason'>): string | undefined {
  if (reason === undefined) return undefined;
  if (reason === 'idle') return 'nobody used it';
  if (reason === 'runner_lost') return 'its runner was lost';
  if (reason.startsWith(AWAY))
    return `the store was away: ${oneLine(reason.slice(AWAY.length).replace(/^:/, ''))}`;
  return oneLine(reason);
}

/** `dev@3` */
export function latestOf({ name, snapshot }: Pick<SessionInfo, 'name' | 'snapshot'>): string | undefined {
  return snapshot === undefined ? undefined : `${name}@${snapshot}`;
}
