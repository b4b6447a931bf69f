/** What may come of a lie: a right answer, or an error that says what is wrong. Nothing else. */

import { isStrataError } from '../../../base/index.ts';
import type { ErrorCode } from '../../../base/index.ts';

/** These say that we are wrong, and not what was read. */
const OURS: ReadonlySet<ErrorCode> = new Set(['internal', 'cancelled']);

/** @returns what came of it: `fine`, or the code of the error. @throws whatever is neither */
export async function outcomeOf(run: () => unknown): Promise<string> {
  try {
    await run();
    return 'fine';
  } catch (error) {
    if (isStrataError(error) && !OURS.has(error.code)) return error.code;
    throw error;
  }
}
