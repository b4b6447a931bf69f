/** A command that stands still for a moment, with all that it has started. */

import { send, until } from './processes.ts';
import type { ProcessState } from './processes.ts';

export interface Stoppable {
  /** Of most of its processes: they are stopped at once, without a look at anything. */
  readonly group: number | undefined;
  /** What there is of it now, as far as it can be found. */
  processes(): readonly ProcessState[];
}

/** proc(5). */
const STOPPED = /^[Tt]$/;
/** It waits in the kernel, perhaps for one that is stopped: it cannot be waited for, and stops when it comes out of there. */
const WAITING = 'D';

/** Milliseconds, for the stubborn: a process that starts others faster than they are found. */
const LONGEST = 200;

export async function stop({ group, processes }: Stoppable): Promise<void> {
  if (group !== undefined) send(-group, 'SIGSTOP');
  await until(() => {
    const moving = processes().filter(({ state }) => !STOPPED.test(state));
    for (const { pid } of moving) send(pid, 'SIGSTOP');
    // Of those that are still moving, others may have been started meanwhile.
    return moving.every(({ state }) => state === WAITING);
  }, LONGEST);
}

/** Also what had stopped by itself. */
export function goOn({ group, processes }: Stoppable): void {
  // Found first, which takes longer: then they go on all at once.
  const found = processes();
  for (const { pid } of found) send(pid, 'SIGCONT');
  if (group !== undefined) send(-group, 'SIGCONT');
}
