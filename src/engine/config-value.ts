/** The kinds of values that a configuration can hold, and what is said of a value that is none. */

import { parseDuration } from '../base/index.ts';
import { endpointFlaw } from '../store/index.ts';

/** Takes a plain YAML value. The flaw ends the sentence `<key> …`. */
export type ValueReader<T> = (value: unknown) => { readonly value: T } | { readonly flaw: string };

/** 1 MB is 1 MiB; more bytes than this cannot be counted exactly. */
const MAX_MB = Math.floor(Number.MAX_SAFE_INTEGER / 2 ** 20);

export const text: ValueReader<string> = (value) => {
  if (typeof value !== 'string') return { flaw: 'must be text: put it in quotes' };
  if (value === '') return { flaw: 'is empty' };
  return value.includes('\0') ? { flaw: 'has a NUL character in it' } : { value };
};

/** A URL of a service. */
export const serviceUrl: ValueReader<string> = (value) => {
  const given = text(value);
  const flaw = 'value' in given ? endpointFlaw(given.value) : undefined;
  return flaw === undefined ? given : { flaw };
};

export const flag: ValueReader<boolean> = (value) =>
  typeof value === 'boolean' ? { value } : { flaw: 'must be true or false' };

/** Milliseconds. */
export const duration: ValueReader<number> = (value) => {
  const milliseconds = typeof value === 'string' ? parseDuration(value) : undefined;
  if (milliseconds !== undefined) return { value: milliseconds };
  return { flaw: 'must be a length of time such as 12h or 7d: a whole number and s, m, h, d or w' };
};

/** A whole number, both ends among it. */
export const count =
  (least: number, most: number): ValueReader<number> =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
      ? { value: value as number }
      : { flaw: `must be a whole number from ${least} to ${most}` };

export const megabytes: ValueReader<number> = (value) =>
  Number.isSafeInteger(value) && (value as number) >= 1 && (value as number) <= MAX_MB
    ? { value: value as number }
    : { flaw: 'must be a whole number of MB, at least 1: 10240 is 10 GB' };

/** A program and its arguments. */
export const command: ValueReader<readonly string[]> = (value) => {
  const isCommand = Array.isArray(value) && value.length > 0 && value.every((word) => 'value' in text(word));
  return isCommand
    ? { value: value as readonly string[] }
    : { flaw: 'must be a list of texts, the program first: [aws-key, --name, strata]' };
};

export function oneOf<const T extends string>(...choices: readonly T[]): ValueReader<T> {
  return (value) => {
    const choice = choices.find((candidate) => candidate === value);
    return choice === undefined ? { flaw: `must be one of ${choices.join(', ')}` } : { value: choice };
  };
}
