/** The environment of a command, with the variables of the run put in. */

import type { Environment } from './definition.ts';

/** A variable that nobody gave. */
export interface MissingVariable {
  /** Of the environment. */
  readonly name: string;
  /** Of the run. */
  readonly variable: string;
}

/**
 * A variable that is missing is no empty text: a command with an empty token does something else than it should. Whoever wants an
 * empty one gives it.
 */
export function resolveEnvironment(
  environment: Environment,
  variables: ReadonlyMap<string, string>,
): { readonly values: Readonly<Record<string, string>> } | { readonly missing: readonly MissingVariable[] } {
  const missing: MissingVariable[] = [];
  const values = Object.entries(environment).map(([name, value]): [string, string] => {
    if (typeof value === 'string') return [name, value];
    const given = variables.get(value.fromVariable);
    if (given === undefined) missing.push({ name, variable: value.fromVariable });
    return [name, given ?? ''];
  });
  // Not by assignment: `__proto__` is a name like any other.
  return missing.length > 0 ? { missing } : { values: Object.fromEntries(values) };
}
