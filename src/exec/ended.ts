/** How a command ended, said by a number alone, as shells say it. */

import { constants } from 'node:os';

import type { Ended } from './executor.ts';

export const SIGNALLED = 128;
export const CANNOT_BE_RUN = 126;
export const NO_SUCH_PROGRAM = 127;

/** One name for each number: the first that Node lists (`SIGABRT`, not `SIGIOT`). */
const NAMES = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name]),
);

/** Sandboxes and containers give the exit code alone; so what a signal did and what a shell says of it are one. */
export function ended(exitCode: number): Ended {
  return { exitCode, signal: NAMES.get(exitCode - SIGNALLED) };
}

/** Of what Node tells when a process ends: one of the two is null. */
export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal]);
}
