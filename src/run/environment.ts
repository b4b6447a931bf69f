/** Environments of commands, and the variables of the run that they need. */

import { StrataError } from '../base/index.ts';
import { resolveEnvironment } from '../plan/index.ts';
import type { Environment, TaskDefinition } from '../plan/index.ts';

type Variables = Readonly<Record<string, string>>;

/** The environment of a command. The run has started, so every variable is there: `checkVariables` has seen to it. */
export function environmentOf(environment: Environment, variables: Variables): Variables {
  const resolved = resolveEnvironment(environment, new Map(Object.entries(variables)));
  if ('values' in resolved) return resolved.values;
  throw new StrataError('internal', 'a run was started without its variables');
}

/** Variables that tasks want and that are not given, each with the first task that wants it. */
export function missingVariables(
  tasks: readonly TaskDefinition[],
  variables: Variables,
): ReadonlyMap<string, string> {
  const given = new Map(Object.entries(variables));
  const missing = new Map<string, string>();
  for (const task of tasks) {
    for (const environment of environmentsOf(task)) {
      const resolved = resolveEnvironment(environment, given);
      if ('values' in resolved) continue;
      for (const { variable } of resolved.missing)
        if (!missing.has(variable)) missing.set(variable, task.name);
    }
  }
  return missing;
}

/** All that any task takes from the variables of the run. */
export function wantedVariables(tasks: readonly TaskDefinition[]): ReadonlySet<string> {
  const values = tasks.flatMap(environmentsOf).flatMap((environment) => Object.values(environment));
  return new Set(values.flatMap((value) => (typeof value === 'string' ? [] : [value.fromVariable])));
}

/** Told before the run starts, not when the task comes up that wants one. @throws bad_input with all that are missing, and where */
export function checkVariables(tasks: readonly TaskDefinition[], variables: Variables): void {
  const missing = missingVariables(tasks, variables);
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
