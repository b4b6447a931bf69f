/** Whether something is for the branch or tag that a run is of. */

import type { Patterns, When } from './definition.ts';
import { search } from './program.ts';
import type { Program } from './program.ts';
import { compile } from './regexp.ts';

/** What a run is of. */
export interface RunSource {
  readonly branch?: string | undefined;
  readonly tag?: string | undefined;
  /** As `refs/heads/main`; if it is not given, made of the branch or the tag. */
  readonly ref?: string | undefined;
}

/** A regular expression stands between two of them. */
const DELIMITERS: ReadonlySet<string | undefined> = new Set(['/', '#']);

/** The text between the delimiters; undefined for a text that is compared as it is. */
export function expressionOf(pattern: string): string | undefined {
  const [first] = pattern;
  const isExpression = pattern.length > 2 && DELIMITERS.has(first) && pattern.endsWith(first!);
  return isExpression ? pattern.slice(1, -1) : undefined;
}

/**
 * True if any part that is given matches: `branch` on a branch, `tag` on a tag, `ref` always. In a part, what `exclude` matches is out
 * whatever `include` says, and so it is if an earlier part has it in. Expressions match anywhere in a name, unless they say otherwise.
 */
export function matches(when: When | undefined, source: RunSource): boolean {
  if (when === undefined) return true;
  const { branch, tag } = source;
  let included = false;
  for (const [patterns, name] of [
    [when.branch, branch],
    [when.tag, tag],
    [when.ref, source.ref ?? refOf(branch, tag)],
  ] as const) {
    if (patterns === undefined || name === undefined || name === '') continue;
    included = judge(patterns, name) ?? included;
  }
  return included;
}

function refOf(branch: string | undefined, tag: string | undefined): string | undefined {
  if (branch !== undefined) return `refs/heads/${branch}`;
  return tag === undefined ? undefined : `refs/tags/${tag}`;
}

/** Undefined: they say nothing about it. */
function judge({ include, exclude }: Patterns, name: string): boolean | undefined {
  if (exclude.some((pattern) => matchesPattern(pattern, name))) return false;
  return include.some((pattern) => matchesPattern(pattern, name)) ? true : undefined;
}

function matchesPattern(pattern: string, name: string): boolean {
  const expression = expressionOf(pattern);
  return expression === undefined ? pattern === name : search(programOf(expression), name);
}

/** A file of ten thousand tasks has few different conditions. Bounded: a program is up to 1000 steps. */
const programs = new Map<string, Program>();
const MAX_PROGRAMS = 100;

function programOf(expression: string): Program {
  const known = programs.get(expression);
  if (known !== undefined) return known;
  const program = compile(expression);
  if (programs.size >= MAX_PROGRAMS) programs.clear();
  programs.set(expression, program);
  return program;
}
