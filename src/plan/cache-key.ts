/**
 * Keys of caches: text with calls in it, such as `go-{{ arch }}-{{ md5sum "go.sum" }}`. The functions are Agola's, the form is that
 * part of Go's templates which such keys use. A key is read with the file, so that a typo is not found when the cache is saved.
 */

import { StrataError, nearNames } from '../base/index.ts';

/** Characters of a template, and of the key that comes of it. */
export const MAX_CACHE_KEY = 1024;

/** Each with what it takes. */
const FUNCTIONS = {
  md5sum: 'file',
  sha256sum: 'file',
  env: 'variable',
  os: undefined,
  arch: undefined,
  year: undefined,
  month: undefined,
  day: undefined,
  unixtime: undefined,
} as const;

export type CacheKeyFunction = keyof typeof FUNCTIONS;

export type CacheKeyPart = string | { readonly call: CacheKeyFunction; readonly argument: string };

/** Text and calls; no two texts beside each other. */
export interface CacheKey {
  readonly parts: readonly CacheKeyPart[];
}

export interface CacheKeyFlaw {
  /** As in `cannot use the cache key: …`. */
  readonly problem: string;
  /** Characters before it, in the template. */
  readonly at: number;
  readonly hint: string;
}

export interface CacheKeyWorld {
  /** Hex of the file's content; the path is relative to where the step works. */
  readonly checksum: (algorithm: 'md5' | 'sha256', path: string) => Promise<string>;
  /** Undefined and empty are the same, as in Agola. */
  readonly env: (name: string) => string | undefined;
  /** As in `linux`. */
  readonly os: string;
  /** Of the executor, as in `amd64`. */
  readonly arch: string;
  /** Milliseconds since 1970; dates are those of UTC. */
  readonly now: number;
}

/** Never throws, whatever the text is. */
export function parseCacheKey(template: string): CacheKey | CacheKeyFlaw {
  if (template === '') return flaw('it is empty', 0, 'Give the key a name, as in `npm-{{ arch }}`.');
  if (template.length > MAX_CACHE_KEY) {
    return flaw(
      `it has ${template.length} characters`,
      MAX_CACHE_KEY,
      `At most ${MAX_CACHE_KEY} are allowed.`,
    );
  }
  const parts: CacheKeyPart[] = [];
  let at = 0;
  while (at < template.length) {
    const open = template.indexOf('{{', at);
    const text = template.slice(at, open === -1 ? undefined : open);
    // oxlint-disable-next-line no-control-regex
    const control = /[\u0000-\u001f\u007f]/.exec(text);
    if (control !== null) {
      return flaw('it has a control character', at + control.index, 'Write the key on one line.');
    }
    if (text !== '') parts.push(text);
    if (open === -1) break;
    const close = endOfCall(template, open + 2);
    if (close === -1) return flaw('`{{` has no `}}`', open, 'Close the call.');
    const call = parseCall(template.slice(open + 2, close), open + 2);
    if ('problem' in call) return call;
    parts.push(call);
    at = close + 2;
  }
  return { parts };
}

export function isCacheKeyFlaw(key: CacheKey | CacheKeyFlaw): key is CacheKeyFlaw {
  return 'problem' in key;
}

/** Where its `}}` is; those in a string are text. */
function endOfCall(template: string, from: number): number {
  const tokens = /"(?:[^"\\]|\\.)*"|`[^`]*`|\}\}/gsy;
  for (let at = from; at < template.length; at++) {
    tokens.lastIndex = at;
    const [token] = tokens.exec(template) ?? [];
    if (token === '}}') return at;
    if (token !== undefined) at += token.length - 1;
  }
  return -1;
}

/** @param at where `inside` begins in the template */
function parseCall(inside: string, at: number): Exclude<CacheKeyPart, string> | CacheKeyFlaw {
  const [, space = '', name = '', rest = ''] = /^(\s*)(\S*)\s*(.*?)\s*$/s.exec(inside) ?? [];
  const start = at + space.length;
  if (name === '') return flaw('a call is empty', at, `Call one of ${told()}.`);
  if (!isFunction(name)) {
    const [near] = nearNames(name, Object.keys(FUNCTIONS));
    const hint = near === undefined ? `There are ${told()}.` : `Did you mean ${near}? There are ${told()}.`;
    return flaw(`there is no function ${shown(name)}`, start, hint);
  }
  const takes = FUNCTIONS[name];
  const restAt = at + inside.indexOf(rest, space.length + name.length);
  if (takes === undefined) {
    if (rest !== '') return flaw(`${name} takes nothing`, restAt, `Write {{ ${name} }}.`);
    return { call: name, argument: '' };
  }
  const argument = parseArgument(rest);
  if (argument === undefined || argument === '') {
    const problem = rest === '' ? `${name} lacks its ${takes}` : `${name} takes one ${takes}`;
    return flaw(problem, rest === '' ? start : restAt, `Write {{ ${name} "…" }}.`);
  }
  return { call: name, argument };
}

/** In quotes or backticks as in Go; a lone word may stand without. */
function parseArgument(text: string): string | undefined {
  if (/^`[^`]*`$/.test(text)) return text.slice(1, -1);
  if (/^"(?:[^"\\]|\\["\\])*"$/.test(text)) return text.slice(1, -1).replace(/\\(["\\])/g, '$1');
  return /^[^\s"`\\|(){}]+$/.test(text) ? text : undefined;
}

/**
 * The key itself.
 *
 * @throws bad_input if it is empty or too long, or has control characters, which a variable may have brought in
 * @throws what `checksum` throws
 */
export async function evaluateCacheKey({ parts }: CacheKey, world: CacheKeyWorld): Promise<string> {
  let key = '';
  for (const part of parts) {
    key += typeof part === 'string' ? part : await VALUES[part.call](world, part.argument);
    if (key.length > MAX_CACHE_KEY) throw unusable(`it has more than ${MAX_CACHE_KEY} characters`);
  }
  if (key === '') throw unusable('it came out empty');
  if (/\p{Cc}/u.test(key)) throw unusable('it came out with control characters');
  return key;
}

const VALUES: Readonly<
  Record<CacheKeyFunction, (world: CacheKeyWorld, argument: string) => string | Promise<string>>
> = {
  md5sum: ({ checksum }, path) => checksum('md5', path),
  sha256sum: ({ checksum }, path) => checksum('sha256', path),
  env: ({ env }, name) => env(name) ?? '',
  os: ({ os }) => os,
  arch: ({ arch }) => arch,
  year: ({ now }) => new Date(now).toISOString().slice(0, -20),
  month: ({ now }) => new Date(now).toISOString().slice(-19, -17),
  day: ({ now }) => new Date(now).toISOString().slice(-16, -14),
  unixtime: ({ now }) => String(Math.floor(now / 1000)),
};

function unusable(problem: string): StrataError {
  return new StrataError('bad_input', `cannot use the cache key: ${problem}`, {
    hint: 'Check the variables that the key is made of.',
  });
}

function isFunction(name: string): name is CacheKeyFunction {
  return Object.hasOwn(FUNCTIONS, name);
}

function told(): string {
  return Object.keys(FUNCTIONS).join(', ');
}

/** A name from the file, short enough for a message. */
function shown(name: string): string {
  return JSON.stringify(name.length > 40 ? `${name.slice(0, 40)}…` : name);
}

function flaw(problem: string, at: number, hint: string): CacheKeyFlaw {
  return { problem, at, hint };
}
