/** The environment of a command, or what is missing for it. */

import { StrataError } from '../base/index.ts';
import { resolveEnvironment } from '../plan/index.ts';
import type { Environment } from '../plan/index.ts';

/** @throws bad_input for a variable that nobody gave */
export function environmentOf(
  environment: Environment,
  variables: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const resolved = resolveEnvironment(environment, new Map(Object.entries(variables)));
  if ('values' in resolved) return resolved.values;
  const missing = [...new Set(resolved.missing.map(({ variable }) => variable))];
  throw new StrataError('bad_input', `the run has no variable ${missing.join(', ')}`, {
    hint: `Give it: ${missing.map((name) => `--var ${name}=…`).join(' ')}`,
    details: { missing },
  });
}
