/** What SQLite answers, in our words, and the patience to ask again. */

import { setTimeout as sleep } from 'node:timers/promises';

import { StrataError, systemError, throwIfAborted } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';

/** Milliseconds after which a busy database is an error. A transaction takes some tens of them. */
const PATIENCE = 120_000;
/** Milliseconds between two tries, at most: random, so that those who wait do not meet again. */
const PAUSE = 20;

/** Primary result codes, the low byte of what SQLite answers: https://www.sqlite.org/rescode.html */
const BUSY = 5;
const LOCKED = 6;
/** The race for the locks of the WAL was lost many times. */
const PROTOCOL = 15;

interface Answer {
  readonly code: ErrorCode;
  readonly hint?: string;
  /** In place of SQLite's own words, where they mislead. */
  readonly reason?: string;
}

const ANEW =
  'Move the database away, then run `strata store rebuild-index`: the store alone can make it anew.';
const FREE_SOME = 'Free some space, then run the command again: nothing was half done.';

const CODES: Readonly<Record<number, Answer>> = {
  3: { code: 'unreadable', hint: 'Check the permissions, or run as a user who has them.' },
  8: { code: 'read_only', hint: 'Choose a place that can be written to, or remount it read-write.' },
  10: { code: 'unavailable', hint: 'The disk does not answer as it should; look at the log of the kernel.' },
  11: {
    code: 'integrity',
    hint: `Run it again: a disk that did not answer looks the same. If it stays: ${ANEW}`,
  },
  13: { code: 'disk_full', hint: FREE_SOME },
  14: { code: 'unreadable', hint: 'Check the permissions, or run as a user who has them.' },
  26: { code: 'not_ours', hint: 'Give another place for the database.' },
  // No room for the file that processes share (SQLITE_IOERR_SHMSIZE): also who only reads needs it.
  4874: { code: 'disk_full', hint: FREE_SOME, reason: 'no space left on device' },
};

/** A value of another type than its column: a mistake of ours, or a sum that has left the integers. */
const DATATYPE = 3091;
/** Extended result codes for a primary key and a unique constraint. */
const REPEATED: ReadonlySet<number> = new Set([1555, 2067]);

/** Other errors pass through unchanged. */
export function translated(error: unknown, label: string): unknown {
  const result = resultCode(error);
  const words = error instanceof Error ? error.message : '';
  if (isTooLarge(error) || (result === DATATYPE && words.includes('REAL value in INTEGER')))
    return new StrataError('integrity', `${label} has a number out of range`, { hint: ANEW, cause: error });
  if (result === undefined) return systemError(error, `use ${label}`);
  if (REPEATED.has(result))
    return new StrataError('already_exists', `${label} has such a row already: ${words}`, { cause: error });
  const {
    code,
    hint,
    reason = words,
  }: Answer = CODES[result] ?? CODES[result & 0xff] ?? { code: 'internal' };
  return new StrataError(code, `cannot use ${label}: ${reason}`, { hint, cause: error });
}

/** Runs `attempt` until no other process is in its way. */
export async function patiently<T>(
  label: string,
  signal: AbortSignal | undefined,
  attempt: () => T,
): Promise<T> {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    throwIfAborted(signal);
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (Date.now() > deadline) throw stuck(label, error);
    }
    await sleep(Math.random() * PAUSE);
  }
}

function isBusy(error: unknown): boolean {
  const primary = (resultCode(error) ?? 0) & 0xff;
  return primary === BUSY || primary === LOCKED || primary === PROTOCOL;
}

/** We write no integer that a number cannot hold. */
function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_OUT_OF_RANGE';
}

/** The extended result code, if SQLite said so. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined;
  return typeof error.errcode === 'number' ? error.errcode : undefined;
}

function stuck(label: string, cause: unknown): StrataError {
  return new StrataError('unavailable', `another process has been writing to ${label} for minutes`, {
    hint: 'Look for a process of Strata that hangs.',
    cause,
  });
}
