/** Starts a program, and says what kept it from being started in one way: Node throws some of it and emits the rest. */

import { spawn } from 'node:child_process';
import type { ChildProcess, SpawnOptions } from 'node:child_process';

import { StrataError, errno, systemError } from '../base/index.ts';
import { exitCodeOf } from './ended.ts';

export interface Child {
  readonly process: ChildProcess;
  /** Its exit code. Rejects if it could not be started. */
  readonly exited: Promise<number>;
}

/** @throws bad_input for more words than the system takes */
export function startChild(program: string, words: readonly string[], options: SpawnOptions): Child {
  let child: ChildProcess;
  try {
    // A session and a process group of its own, with the child's id.
    child = spawn(program, words, { ...options, detached: true });
  } catch (error) {
    if (errno(error) === 'E2BIG') throw tooLong();
    throw systemError(error, `start ${program}`);
  }
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(systemError(error, `start ${program}`)));
    child.once('exit', (code, signal) => resolve(exitCodeOf(code, signal)));
  });
  // It is awaited later; until then a failure must not end the process.
  exited.catch(() => undefined);
  return { process: child, exited };
}

export function tooLong(): StrataError {
  return new StrataError('bad_input', 'the words and the environment of a command are too long', {
    hint: 'The system takes 128 KiB in one word and about 2 MiB in all. Give it as input, or in a file.',
  });
}
