/** The life of a session as data. */

import { StrataError } from '../base/index.ts';
import type { SessionState } from '../db/index.ts';

/** What may follow each state. A step that fails goes back by the same table. */
export const NEXT: Readonly<Record<SessionState, readonly SessionState[]>> = {
  pending: ['active', 'suspended', 'terminated'],
  active: ['suspending', 'suspended', 'terminated'],
  suspending: ['suspended', 'active', 'terminated'],
  suspended: ['resuming', 'terminated'],
  resuming: ['active', 'suspended', 'terminated'],
  terminated: ['suspended'],
};

/** What a user can do in each, as verbs of the command line. */
export const POSSIBLE: Readonly<Record<SessionState, readonly string[]>> = {
  pending: ['get', 'terminate'],
  active: ['exec', 'checkpoint', 'restore', 'suspend', 'fork', 'terminate'],
  suspending: ['get'],
  suspended: ['resume', 'restore', 'fork', 'terminate'],
  resuming: ['get'],
  terminated: ['undelete', 'fork'],
};

/** @throws conflict that names the state and what is possible in it */
export function checkStep(name: string, from: SessionState, to: SessionState): void {
  if (!NEXT[from].includes(to)) throw notPossible(name, from, `become ${to}`);
}

/** @param what as in `cannot WHAT` */
export function notPossible(name: string, state: SessionState, what: string): StrataError {
  const possible = POSSIBLE[state];
  return new StrataError('conflict', `session ${name} is ${state}: it cannot ${what} now`, {
    hint: `Possible now: ${possible.map((verb) => `\`strata sessions ${verb} ${name}\``).join(', ')}.`,
    details: { session: name, state, possible },
  });
}
