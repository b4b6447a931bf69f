/** What a word on the command line must not be: most often `"$A_VARIABLE"` was not set. */

import { InvalidArgumentError } from 'commander';

/** For commander, which tells the user whose value it is. */
export function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** For flags of all commands: `--home --json` has forgotten something. */
export function plainValue(text: string): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('It looks like a flag.');
  return nonEmpty(text);
}
