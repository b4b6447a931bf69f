/**
 * The one error class. A code says what kind of thing went wrong, a hint says what to do about it.
 *
 * What a caller can plan for (a lost compare-and-swap, a conflict of a merge) is returned as a value; this class is
 * for what ends the operation.
 */

import { constants } from 'node:os';

/** Process exit code of each error code. HTTP statuses will be a second table over the same keys. */
export const EXIT_CODES = {
  command_failed: 1,
  timed_out: 1,
  interrupted: 1,
  bad_input: 2,
  unknown_config_key: 2,
  target_not_empty: 2,
  conflict: 3,
  workspace_conflict: 3,
  already_exists: 3,
  lease_lost: 3,
  workspace_pinned: 3,
  region_mismatch: 3,
  not_found: 4,
  workspace_not_found: 4,
  snapshot_not_found: 4,
  path_not_found: 4,
  run_not_found: 4,
  task_not_found: 4,
  session_not_found: 4,
  workspace_expired: 4,
  layer_gone: 6,
  integrity: 5,
  refused: 6,
  wrong_key: 6,
  unsupported_format: 6,
  not_ours: 6,
  not_synced: 6,
  file_changed: 6,
  unreadable: 6,
  unavailable: 7,
  disk_full: 7,
  read_only: 7,
  quota_exceeded: 8,
  cancelled: 9,
  internal: 70,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof EXIT_CODES;

/** Facts for programs: plain JSON values only, never secrets or file content. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export interface ErrorOptions {
  /** What the user can do now, as a sentence. */
  readonly hint?: string | undefined;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

export class StrataError extends Error {
  override readonly name = 'StrataError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
  }
}

export function isStrataError(error: unknown, code?: ErrorCode): error is StrataError {
  return error instanceof StrataError && (code === undefined || error.code === code);
}

/** How Node calls an error of the system that it has no name for, such as EDQUOT; the number stands beside. */
const UNNAMED = /^(?:Unknown system error|UNKNOWN\b)/;

/** The `code` of a Node system error (`ENOENT`, …), if `error` is one. */
export function errno(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  if (UNNAMED.test(error.code) && 'errno' in error) return nameOf(Math.abs(Number(error.errno)));
  // `ERR_…` and `ABORT_ERR` are Node's own: a mistake of ours or a cancellation, nothing that the system refused.
  return error.code.startsWith('E') && !error.code.startsWith('ERR_') ? error.code : undefined;
}

function nameOf(number: number): string {
  const known = Object.entries(constants.errno).find(([, each]) => each === number);
  return known?.[0] ?? `E${number}`;
}

const SYSTEM_CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not_found',
  ENOTDIR: 'bad_input',
  EISDIR: 'bad_input',
  ENAMETOOLONG: 'bad_input',
  EACCES: 'unreadable',
  EPERM: 'unreadable',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EROFS: 'read_only',
};

const UNNAMED_REASONS: Readonly<Record<string, string>> = {
  EDQUOT: 'EDQUOT: the disk quota is used up',
};

const SYSTEM_HINTS: Partial<Record<ErrorCode, string>> = {
  not_found: 'Check the path.',
  bad_input: 'Check the path.',
  unreadable: 'Check the permissions, or run as a user who has them.',
  disk_full: 'Free some space, then run the command again: nothing was half done.',
  read_only: 'Choose a place that can be written to, or remount it read-write.',
};

/**
 * Turns a system error into a StrataError that says what was being done; other errors pass through unchanged.
 *
 * @param doing what was attempted, as in `cannot <doing>: no space left on device`
 */
export function systemError(error: unknown, doing: string): unknown {
  const code = errno(error);
  if (code === undefined || error instanceof StrataError) return error;
  const kind = SYSTEM_CODES[code] ?? 'unavailable';
  const words = error instanceof Error ? (error.message.split(',')[0] ?? code) : code;
  const reason = UNNAMED.test(words) ? (UNNAMED_REASONS[code] ?? code) : words;
  return new StrataError(kind, `cannot ${doing}: ${reason}`, {
    hint: SYSTEM_HINTS[kind],
    details: { errno: code },
    cause: error,
  });
}

/** For code paths that the types or an invariant rule out. */
export function unreachable(value: never): never {
  throw new StrataError('internal', `unexpected value: ${String(value)}`);
}
