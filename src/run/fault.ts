/** What ended a task, as it is kept and shown. */

import { StrataError, isStrataError } from '../base/index.ts';
import type { ErrorCode, ErrorDetails } from '../base/index.ts';

export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly details: ErrorDetails;
}

/** @throws what is a mistake of ours, or nothing that a task can be blamed for */
export function faultOf(error: unknown): Fault {
  if (!isStrataError(error)) throw error;
  const { code, message, hint, details } = error;
  return { code, message, hint, details };
}

/** The process that ran it is gone: nobody knows how far it came. */
export function interrupted(): Fault {
  return {
    code: 'interrupted',
    message: 'the process that ran it ended before it did',
    hint: '`strata runs resume` goes on with the run.',
    details: {},
  };
}

export function stepFailed(step: string, exitCode: number, signal: string | undefined): StrataError {
  const how = signal === undefined ? `with exit code ${exitCode}` : `by ${signal}`;
  return new StrataError('command_failed', `step ${JSON.stringify(step)} ended ${how}`, {
    hint: 'The log of the task shows what it printed.',
    details: { step, exitCode, ...(signal !== undefined && { signal }) },
  });
}
