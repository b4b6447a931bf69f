/** A command that stands still for a moment, with all that it has started. */

import { processState, send, until } from './processes.ts';
import type { ProcessState } from './processes.ts';

export interface Stoppable {
  /** Of most of its processes: they are stopped at once, without a look at anything. */
  readonly group: number | undefined;
  /** What there is of it now, as far as it can be found. */
  processes(): readonly ProcessState[];
}

/** proc(5): it runs, or waits for something that can be interrupted. All others cannot be waited for: they may wait for one that is stopped. */
const IS_ACTIVE = /^[RS]$/;

/** Milliseconds, for the stubborn: a process that starts others faster than they are found. */
const LONGEST = 200;

export async function stop({ group, processes }: Stoppable): Promise<void> {
  if (group !== undefined) send(-group, 'SIGSTOP');
  await until(() => {
    const active = processes().filter(({ state }) => IS_ACTIVE.test(state));
    for (const { pid } of active) send(pid, 'SIGSTOP');
    // A signal is on its way for a moment.
    return active.every(({ pid }) => !IS_ACTIVE.test(processState(pid)?.state ?? ''));
  }, LONGEST);
}

/** Also what had stopped by itself. */
export function goOn({ group, processes }: Stoppable): void {
  // Found first, which takes longer: then they go on all at once.
  const found = processes();
  for (const { pid } of found) send(pid, 'SIGCONT');
  if (group !== undefined) send(-group, 'SIGCONT');
}
