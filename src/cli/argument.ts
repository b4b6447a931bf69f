/** What a word on the command line must not be: most often `"$A_VARIABLE"` was not set. */

import { InvalidArgumentError } from 'commander';

import { parseDuration } from '../base/index.ts';

/** For commander, which tells the user whose value it is. */
export function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Of a flag that may be given more than once. */
export function append(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, nonEmpty(value)];
}

/** @returns milliseconds */
export function lengthOfTime(text: string): number {
  const milliseconds = text === '0' ? 0 : parseDuration(text);
  if (milliseconds === undefined)
    throw new InvalidArgumentError('Give a whole number with s, m, h, d or w, as in 12h.');
  return milliseconds;
}

export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It is no whole number.');
  return Number(text);
}

/** For flags of all commands: `--home --json` has forgotten something. */
export function plainValue(text: string): string {
  if (text.startsWith('--')) throw new InvalidArgumentError('It looks like a flag.');
  return nonEmpty(text);
}
