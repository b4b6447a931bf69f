/** What will go wrong, or is not what was meant, as far as the file of a run tells before it starts. */

import { meantText, nearNames } from '../base/index.ts';
import type { TaskDefinition } from '../plan/index.ts';
import { wantedVariables } from './environment.ts';
import { outOfReach } from './out-of-reach.ts';
import type { RunRequest } from './request.ts';

/** One text for each. */
export function foreseen(
  tasks: readonly TaskDefinition[],
  { source, variables }: Pick<RunRequest, 'source' | 'variables'>,
): string[] {
  const wanted = wantedVariables(tasks);
  const unwanted = Object.keys(variables).filter((name) => !wanted.has(name));
  return [
    ...outOfReach(tasks, source),
    ...unwanted.map((name) => `no task wants the variable ${name}${meantText(nearNames(name, wanted))}`),
  ];
}
