/** What tests say about errors. */

import { expect } from 'vitest';

import { StrataError, isStrataError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';

/** Passes if `promise` fails with a StrataError of that code; otherwise shows what came instead. */
export async function expectCode(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => 'no error at all',
    (reason: unknown) => reason,
  );
  if (!isStrataError(error, code)) expect(error).toBe(`an error with code ${code}`);
}

/** The StrataError that `fn` throws; whatever else happens is thrown on. */
export function thrownBy(fn: () => unknown): StrataError {
  try {
    fn();
  } catch (error) {
    if (error instanceof StrataError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The StrataError that `promise` fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<StrataError> {
  const error: unknown = await promise.then(
    () => 'no error at all',
    (reason: unknown) => reason,
  );
  if (error instanceof StrataError) return error;
  throw new Error(`no StrataError: ${String(error)}`, { cause: error });
}
