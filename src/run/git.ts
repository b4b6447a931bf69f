/** git, asked from outside of any task: with the keys and settings that the user has for it, and nothing that a source could have it do. */

import { execFile } from 'node:child_process';

import { StrataError, cancelled } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';

/** What a source may not make git do here. */
export const SAFE = [
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
];

/** Bytes of an answer: a hundred thousand paths. */
const MOST_BYTES = 16 * 1024 * 1024;

export type GitAnswer =
  | { readonly kind: 'said'; readonly text: string }
  /** @property why the last line of what it complained of; empty if it did not */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'late' };

export interface AskOptions extends Cancellable {
  /** Milliseconds. */
  readonly limit: number;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

/**
 * What git says, trimmed.
 *
 * @throws unavailable if there is no git; cancelled
 */
export function askGit(
  words: readonly string[],
  { limit, environment = {}, signal }: AskOptions,
): Promise<GitAnswer> {
  return new Promise((resolve, reject) => {
    const options = {
      encoding: 'utf8' as const,
      // What it complains of is looked at.
      env: { ...gitEnvironment(), LC_ALL: 'C', ...environment },
      maxBuffer: MOST_BYTES,
      timeout: limit,
      ...(signal && { signal }),
    };
    execFile('git', [...SAFE, ...words], options, (error, stdout, stderr) => {
      if (error === null) return resolve({ kind: 'said', text: stdout.trim() });
      if (signal?.aborted === true) return reject(cancelled(signal));
      if (error.code === 'ENOENT') return reject(noGit());
      if (error.killed === true && error.code === undefined) return resolve({ kind: 'late' });
      resolve({ kind: 'refused', why: complaint(stderr) });
    });
  });
}

/** As `askGit`, of a directory: nothing is fetched for it, and nothing written there. */
export function askDirectory(
  directory: string,
  words: readonly string[],
  { environment = {}, ...options }: AskOptions,
): Promise<GitAnswer> {
  // A clone that lacks objects would get them from where, and by the program that, its own settings say.
  const closed = { ...environment, GIT_ALLOW_PROTOCOL: 'none' };
  return askGit(['--no-optional-locks', '-C', directory, ...words], { ...options, environment: closed });
}

/** That of this process; in a run nobody is there to be asked for a password. */
export function gitEnvironment(): Record<string, string> {
  const defined = Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value]],
  );
  return { ...Object.fromEntries(defined), GIT_TERMINAL_PROMPT: '0' };
}

export function noGit(): StrataError {
  return new StrataError('unavailable', 'there is no git to clone with', { hint: 'Install git.' });
}

/** The first line that says `fatal` tells the cause, what follows it gives advice. */
function complaint(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const fatal = lines.find((line) => line.startsWith('fatal: '));
  return (fatal?.slice('fatal: '.length) ?? lines.at(-1) ?? '').slice(0, 500);
}
