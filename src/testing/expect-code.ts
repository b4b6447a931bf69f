/** What tests say about errors. */

import { expect } from 'vitest';

import { isStrataError } from '../base/index.ts';
import type { ErrorCode } from '../base/index.ts';

/** Passes if `promise` fails with a StrataError of that code; otherwise shows what came instead. */
export async function expectCode(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  const error = await promise.then(
    () => 'no error at all',
    (reason: unknown) => reason,
  );
  if (!isStrataError(error, code)) expect(error).toBe(`an error with code ${code}`);
}
