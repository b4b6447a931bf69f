/** What a word on the command line must not be: most often `"$A_VARIABLE"` was not set. */

import { InvalidArgumentError, Option } from 'commander';

import { nearNames, parseDuration } from '../base/index.ts';

/** For commander, which tells the user whose value it is. */
export function nonEmpty(text: string): string {
  if (text === '') throw new InvalidArgumentError('It is empty.');
  return text;
}

/** Of a flag that may be given more than once. */
export function append(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, nonEmpty(value)];
}

/** A flag that takes one of a few words. */
export function choice(flags: string, description: string, words: readonly string[]): Option {
  const parse = (text: string) => {
    if (words.includes(text)) return text;
    const near = nearNames(text, words)[0] ?? words.find((word) => text !== '' && word.startsWith(text));
    const all = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
    // What stands in brackets on a line of its own becomes the hint.
    throw new InvalidArgumentError(`Give ${all}.${near === undefined ? '' : `\n(Did you mean ${near}?)`}`);
  };
  return new Option(flags, description).choices(words).argParser(parse);
}

/** Of a flag that takes NAME=VALUE, and may be given more than once. */
export function assignment(
  text: string,
  earlier: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Give NAME=VALUE.');
  return Object.assign(Object.create(null), earlier, { [text.slice(0, equals)]: text.slice(equals + 1) });
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
