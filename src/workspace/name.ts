/** Names of workspaces, and references to what is in them: `NAME[@SNAPSHOT][:PATH]`. */

import { basename, resolve } from 'node:path';

import { StrataError } from '../base/index.ts';
import { parsePath } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';

/** Characters. */
export const MAX_NAME = 128;

const NAME = new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${MAX_NAME - 1}}$`);
const SNAPSHOT_NUMBER = /^[1-9]\d{0,8}$/;
const SNAPSHOT_ID = /^[0-9a-f]{32}$/;

/** Ids of runs, which stand where a workspace might: so no workspace is called like one. */
const RUN_ID = /^run-[0-9a-f]{12}$/;

export function isRunId(text: string): boolean {
  return RUN_ID.test(text);
}

/** Whether a reference means a run, `RUN[#TASK][:PATH]`, and no workspace. */
export function namesRun(ref: string): boolean {
  return isRunId(/^[^#:@]*/.exec(ref)![0]);
}

export interface Ref {
  readonly workspace: string;
  /** A number, an id of 32 hex digits, or undefined: the latest. */
  readonly snapshot: number | string | undefined;
  /** Undefined when the reference has no `:`. */
  readonly path: Path | undefined;
}

export function isName(text: string): boolean {
  return NAME.test(text) && !isRunId(text);
}

/** @param what it names. @throws bad_input */
export function checkName(name: string, what: 'a workspace' | 'a tenant' = 'a workspace'): string {
  if (isName(name)) return name;
  throw new StrataError('bad_input', `${JSON.stringify(name)} is no name for ${what}`, {
    hint: isRunId(name)
      ? 'It looks like the id of a run, which no workspace may have: `strata runs --help` shows what can be done with runs.'
      : 'A name has 1–128 letters, digits, `.`, `_` and `-`, and starts with a letter or digit.',
  });
}

/** The name that a directory's workspace has unless another is given. @throws bad_input */
export function defaultName(directory: string): string {
  const name = basename(resolve(directory));
  if (NAME.test(name)) return name;
  throw new StrataError('bad_input', `${JSON.stringify(name)} is no name for a workspace`, {
    hint: 'Name the workspace with -w NAME.',
  });
}

/** @throws bad_input */
export function parseRef(text: string): Ref {
  const colon = text.indexOf(':');
  const front = colon === -1 ? text : text.slice(0, colon);
  const at = front.indexOf('@');
  const workspace = checkName(at === -1 ? front : front.slice(0, at));
  return {
    workspace,
    snapshot: at === -1 ? undefined : parseSnapshot(front.slice(at + 1), text),
    path: colon === -1 ? undefined : parsePath(text.slice(colon + 1)),
  };
}

/** For commands that mean a whole snapshot. @throws bad_input */
export function parseWholeRef(text: string, hint: string): Ref {
  const ref = parseRef(text);
  if (ref.path === undefined) return ref;
  throw new StrataError('bad_input', `${JSON.stringify(text)} names a path; a workspace is wanted here`, {
    hint,
  });
}

function parseSnapshot(text: string, ref: string): number | string {
  if (SNAPSHOT_NUMBER.test(text)) return Number(text);
  if (SNAPSHOT_ID.test(text)) return text;
  throw new StrataError('bad_input', `${JSON.stringify(ref)} does not name a snapshot after \`@\``, {
    hint: 'A snapshot is a number from 1, as in `web@3`, or an id of 32 hex digits; `strata workspaces log` lists them.',
  });
}
