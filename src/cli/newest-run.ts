/** The run that is meant where none is named. */

import { StrataError } from '../base/index.ts';
import type { Engine } from '../engine/index.ts';

/** @returns its id. @throws run_not_found */
export async function newestRun({ runs }: Engine, signal: AbortSignal): Promise<string> {
  const [first] = await runs.list({ limit: 1, signal });
  if (first !== undefined) return first.id;
  throw new StrataError('run_not_found', 'there are no runs yet', {
    hint: '`strata runs start FILE` makes one.',
  });
}
