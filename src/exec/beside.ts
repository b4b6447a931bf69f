/**
 * A program that works on a place from outside, as git that clones into it: with the environment and the rights of whoever calls. It is watched as
 * the commands of the place are, and swept with them.
 */

import { runAttended } from './attend.ts';
import { startBare } from './bare.ts';
import { usableCgroup } from './cgroup.ts';
import { PLACE_MARK } from './environment.ts';
import type { Command, Ended, RunOptions } from './executor.ts';

/** All that it is given; its working directory is absolute. */
export type BesideCommand = Pick<Command, 'words' | 'environment' | 'workingDir'>;

/**
 * Returns when nothing of it is left. No command may run in the place meanwhile.
 *
 * @param directory of the place, as it was made with
 * @throws as `run` of a place
 */
export function runBeside(directory: string, command: BesideCommand, options: RunOptions): Promise<Ended> {
  return runBesideIn(usableCgroup(), directory, command, options);
}

/** @param cgroups where groups of processes can be made; undefined: nowhere */
export function runBesideIn(
  cgroups: string | undefined,
  directory: string,
  { words, environment, workingDir }: BesideCommand,
  options: RunOptions,
): Promise<Ended> {
  const marked = new Map([...Object.entries(environment), [PLACE_MARK, directory]]);
  return runAttended(undefined, options, (pipes) =>
    startBare({ words, environment: marked, workingDir, directory, cgroups }, pipes),
  );
}
