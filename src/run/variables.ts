/** Variables that a run needs and nobody gave: told before it starts, not when the task comes up that wants one. */

import { StrataError } from '../base/index.ts';
import type { Environment, TaskDefinition } from '../plan/index.ts';

/** @throws bad_input with all that are missing, and where */
export function checkVariables(
  tasks: readonly TaskDefinition[],
  variables: Readonly<Record<string, string>>,
): void {
  const missing = new Map<string, string>();
  for (const task of tasks) {
    for (const environment of environmentsOf(task)) {
      for (const value of Object.values(environment)) {
        if (typeof value === 'string' || Object.hasOwn(variables, value.fromVariable)) continue;
        if (!missing.has(value.fromVariable)) missing.set(value.fromVariable, task.name);
      }
    }
  }
  if (missing.size === 0) return;
  const told = [...missing].map(([variable, task]) => `${variable} (in ${task})`);
  throw new StrataError('bad_input', `the run needs variables that were not given: ${told.join(', ')}`, {
    hint: `Give them: ${[...missing.keys()].map((name) => `--var ${name}=…`).join(' ')}`,
    details: { missing: [...missing.keys()] },
  });
}

function environmentsOf({ environment, runtime, steps }: TaskDefinition): Environment[] {
  const containers = runtime.type === 'pod' ? runtime.containers.map((each) => each.environment) : [];
  const own = steps.flatMap((step) => (step.kind === 'run' ? [step.environment] : []));
  return [environment, ...containers, ...own];
}
