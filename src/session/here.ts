/** Whether a session is at work on the runner that this process acts for. */

import { StrataError } from '../base/index.ts';
import type { SessionTable } from '../db/index.ts';
import type { SessionWorld } from './world.ts';

/** @throws conflict for one that is at work elsewhere: whoever asks has to ask there */
export function checkHere(
  { runner }: Pick<SessionWorld, 'runner'>,
  row: Pick<SessionTable, 'name' | 'runner'>,
): void {
  if (row.runner === runner.id) return;
  throw new StrataError('conflict', `session ${row.name} is not at work on runner ${runner.name}`, {
    hint: `\`strata sessions get ${row.name}\` shows where it is.`,
    details: { session: row.name, runner: runner.name },
  });
}
