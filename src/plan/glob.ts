/**
 * One glob of names: `*` and `?` inside a name, `**` for any number of names, `[a-z]` and `[^a-z]`, `{one,other}` also over several
 * names, a backslash before what is meant as it is. A leading dot is nothing special. Matched in linear time, as expressions are.
 */

import { NONE, PatternError, any, append, code, not, repeat, set, within } from './program.ts';
import type { Program, Step, Test } from './program.ts';

/** A name's program, or any number of names. */
export type Segment = Program | '**';

const MAX_GLOB = 1000;
/** Patterns that the braces of one stand for. */
const MAX_ALTERNATIVES = 256;

const ANY_NAME: Program = repeat([{ kind: 'take', test: (character) => character !== NONE }], 0, Infinity);

/**
 * How many patterns the braces stand for, after everything about it was checked.
 *
 * @throws PatternError
 */
function countAlternatives(pattern: string): number {
  if (pattern === '') throw new PatternError('is empty');
  if (pattern.length > MAX_GLOB) throw new PatternError(`is longer than ${MAX_GLOB} characters`);
  if (pattern.includes('\0')) throw new PatternError('has a NUL character in it');
  if (pattern.startsWith('/')) throw new PatternError('starts with /: paths are relative to source_dir');
  const open: { sum: number; product: number }[] = [];
  let product = 1;
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '\\') at++;
    if (at === pattern.length) throw new PatternError('ends with a backslash');
    if (character === '[') at = closing(pattern, at);
    else if (character === '{') {
      open.push({ sum: 0, product });
      product = 1;
    } else if (character === ',' && open.length > 0) {
      open.at(-1)!.sum += product;
      product = 1;
    } else if (character === '}') {
      const group = open.pop();
      if (group === undefined) throw new PatternError('has a } that closes nothing');
      product = group.product * (group.sum + product);
    }
    if (product > MAX_ALTERNATIVES || open.length > 10) throw new PatternError('has too many braces');
  }
  if (open.length > 0) throw new PatternError('has a { that is not closed');
  return product;
}

/**
 * The patterns that the braces stand for, as segments. None at all: the directory itself, with all that is in it.
 *
 * @throws PatternError
 */
export function parseGlob(pattern: string): Segment[][] {
  countAlternatives(pattern);
  return [...expand(pattern)].map(segmentsOf);
}

/**
 * All that can be wrong with it, in time that does not grow with its braces.
 *
 * @returns how many patterns the braces stand for
 * @throws PatternError
 */
export function checkGlob(pattern: string): number {
  const alternatives = countAlternatives(pattern);
  // With braces as borders of names each class, range and escape is read once.
  const flat = pattern.replaceAll(/\\.|\[(?:\\.|[^\]\\])*\]|[{},]/gs, (part) =>
    part.length > 1 ? part : '/',
  );
  for (const name of namesOf(flat)) {
    if (name === '..') throw new PatternError('leads out by ..');
    segment(name);
  }
  return alternatives;
}

function* expand(pattern: string): Generator<string, void> {
  const start = find(pattern, 0, '{');
  if (start === -1) {
    yield pattern;
    return;
  }
  let depth = 0;
  let from = start + 1;
  const parts: string[] = [];
  for (let at = start; at < pattern.length; at++) {
    const character = pattern[at];
    if (character === '\\') at++;
    else if (character === '[') at = closing(pattern, at);
    else if (character === '{') depth++;
    else if (depth === 1 && (character === ',' || character === '}')) {
      parts.push(pattern.slice(from, at));
      from = at + 1;
      if (character === '}') break;
    } else if (character === '}') depth--;
  }
  for (const part of parts) yield* expand(pattern.slice(0, start) + part + pattern.slice(from));
}

/** Where `wanted` stands, not escaped and in no class; -1 for nowhere. */
function find(pattern: string, from: number, wanted: string): number {
  for (let at = from; at < pattern.length; at++) {
    if (pattern[at] === wanted) return at;
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === '[') at = closing(pattern, at);
  }
  return -1;
}

/** The `]` of the class that begins at `start`. */
function closing(pattern: string, start: number): number {
  for (let at = start + 1; at < pattern.length && pattern[at] !== '/'; at++) {
    if (pattern[at] === '\\') at++;
    else if (pattern[at] === ']') return at;
  }
  throw new PatternError('has a [ that is not closed');
}

function namesOf(pattern: string): string[] {
  const names: string[] = [];
  let from = 0;
  for (let at = find(pattern, 0, '/'); at !== -1; at = find(pattern, from, '/')) {
    names.push(pattern.slice(from, at));
    from = at + 1;
  }
  names.push(pattern.slice(from));
  return names.filter((name) => name !== '' && name !== '.');
}

function segmentsOf(pattern: string): Segment[] {
  const names = namesOf(pattern);
  const segments = names.map((name): Segment => (name === '**' ? '**' : segment(name)));
  // At the end it wants at least one name, and a directory that matches is taken with its content: so one name is enough.
  if (segments.at(-1) === '**') segments[segments.length - 1] = ANY_NAME;
  return segments;
}

function segment(name: string): Program {
  const steps: Step[] = [];
  for (let at = 0; at < name.length;) {
    const character = String.fromCodePoint(name.codePointAt(at)!);
    at += character.length;
    if (character === '*') append(steps, ANY_NAME);
    else if (character === '?') steps.push({ kind: 'take', test: (given) => given !== NONE });
    else if (character === '[') {
      const end = closing(name, at - 1);
      steps.push({ kind: 'take', test: classOf(name.slice(at, end)) });
      at = end + 1;
    } else if (character === '\\') {
      const meant = String.fromCodePoint(name.codePointAt(at)!);
      at += meant.length;
      steps.push({ kind: 'take', test: set(meant) });
    } else steps.push({ kind: 'take', test: set(character) });
  }
  return steps;
}

function classOf(content: string): Test {
  const negated = /^[!^]/.test(content);
  const members = [...content.slice(negated ? 1 : 0).matchAll(/(\\?.)(?:-(\\?.))?/gsu)];
  if (members.length === 0) throw new PatternError('has a class [] with nothing in it');
  const tests = members.map(([, first, last]) => {
    const [from, to] = [plain(first!), plain(last ?? first!)];
    if (code(from) > code(to)) throw new PatternError('has a range in [ ] that ends before it begins');
    return within(from, to);
  });
  return negated ? not(any(...tests)) : any(...tests);
}

const plain = (character: string): string => character.replace(/^\\(?=.)/su, '');
