/**
 * Commands as processes of this machine, with nothing around them. What a command leaves behind is killed by its cgroup where one can be
 * made. Elsewhere it is found by its session, its parents and the HOME (or the mark) in its environment: a process that leaves its session, outlives its parent
 * *and* was started with another one gets away, and so may one of very many that fork faster than they are found.
 */

import type { Running } from './attend.ts';
import { endCgroup, entrance, findCgroups, makeCgroup, processesIn, removeGroups } from './cgroup.ts';
import { startChild } from './child.ts';
import type { Child } from './child.ts';
import { PLACE_MARK } from './environment.ts';
import type { Pipes } from './pipes.ts';
import { KILLED_MS, allProcesses, environmentOf, send, undying, until } from './processes.ts';
import type { ProcessState } from './processes.ts';

export interface BareCommand {
  readonly words: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  readonly workingDir: string;
  /** Of the place, and its HOME. */
  readonly directory: string;
  /** Where groups can be made. */
  readonly cgroups: string | undefined;
}

/** A process has to enter its group itself, before it becomes the command: moved from outside, it could have forked already. */
const ENTER = 'echo 0 >"$1" && shift && exec "$@"';
const PLAIN = 'exec "$@"';

/** How long a process may take to become another program, on a busy machine with a slow disk. */
const STARTS_MS = 2000;

export function startBare(command: BareCommand, pipes: Pipes): Running {
  const { words, environment, workingDir, directory, cgroups } = command;
  const group = cgroups === undefined ? undefined : makeCgroup(cgroups, directory);
  const script = group === undefined ? [PLAIN, 'sh'] : [ENTER, 'sh', entrance(group)];
  let child: Child;
  try {
    child = startChild('/bin/sh', ['-c', ...script, ...words], {
      cwd: workingDir,
      env: Object.fromEntries(environment),
      stdio: [...pipes.stdio],
    });
  } catch (error) {
    if (group !== undefined) removeGroups(group);
    throw error;
  }
  const { exited } = child;
  const { pid } = child.process;
  return {
    stoppable: {
      group: pid,
      processes: () => (group === undefined ? lookFor(directory, pid).found : processesIn(group)),
    },
    exited,
    terminate: () => pid !== undefined && send(-pid, 'SIGTERM'),
    kill: () => pid !== undefined && send(-pid, 'SIGKILL'),
    async clear() {
      if (group !== undefined) await endCgroup(group);
      else await killMarked(directory, pid);
    },
  };
}

/** Kills what others have started for a place. */
export async function killBare(directory: string): Promise<void> {
  for (const group of findCgroups(directory)) await endCgroup(group);
  await killMarked(directory, undefined);
}

/**
 * Kills what is known by its session, its HOME or its mark, and what that has started, until nothing is found.
 *
 * @param session of the command
 */
async function killMarked(directory: string, session: number | undefined): Promise<void> {
  let found: readonly ProcessState[] = [];
  const patience = performance.now() + STARTS_MS;
  const clear = await until(() => {
    const seen = lookFor(directory, session);
    found = seen.found;
    // Stopped first, they start nothing while the others are killed.
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
      for (const { pid } of found) send(pid, signal);
    }
    return found.length === 0 && (seen.isSure || performance.now() > patience);
  }, KILLED_MS);
  if (!clear) throw undying(found.map(({ pid }) => pid));
}

/** @returns what was found, and whether that is all: of who becomes another program right now nobody can say whose it is */
function lookFor(
  directory: string,
  session: number | undefined,
): { found: readonly ProcessState[]; isSure: boolean } {
  const marks = new Set([`HOME=${directory}`, `${PLACE_MARK}=${directory}`]);
  const all = [...allProcesses()];
  const chosen = new Set<number>();
  let isSure = true;
  for (const { pid, session: own } of all) {
    const environment = own === session ? 'ours' : environmentOf(pid);
    if (environment === undefined) isSure = false;
    else if (environment === 'ours' || environment.some((each) => marks.has(each))) chosen.add(pid);
  }
  // Parents need not have smaller ids than their children: again, until there is nobody new.
  for (let before = 0; chosen.size > before;) {
    before = chosen.size;
    for (const { pid, parent } of all) if (chosen.has(parent)) chosen.add(pid);
  }
  return { found: all.filter(({ pid }) => chosen.has(pid)), isSure };
}
