/** What the step printed last that a task has failed in: most often it says why. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { TaskTable } from '../db/index.ts';
import type { Fault } from './fault.ts';
import type { LogTail } from './logs.ts';
import { getRun } from './rows.ts';
import type { RunWorld } from './world.ts';

/** Bytes of each: some lines, and not the one line of a megabyte that somebody prints. */
const MOST_BYTES = 4096;

export interface LastPrinted extends LogTail {
  readonly task: string;
}

export interface LastPrintedOptions extends Cancellable {
  /** So many tasks, those that failed first. */
  readonly most: number;
}

/** Without the error itself, which the log ends with. Nothing of a task that did not come to a step. @throws run_not_found */
export async function lastPrinted(
  { database, vault, logs }: RunWorld,
  id: string,
  { most }: LastPrintedOptions,
): Promise<LastPrinted[]> {
  const run = await getRun(database.kysely, toHex(vault.id), id);
  const failed = await database.kysely
    .selectFrom('tasks')
    .selectAll()
    .where('run', '=', run.id)
    .where('status', '=', 'failed')
    .where('error', 'is not', null)
    .orderBy('ended')
    .orderBy('number')
    .limit(most)
    .execute();
  return failed.flatMap((task) => {
    const tail = tailOf(logs, task);
    return tail === undefined ? [] : [{ task: task.name, ...tail }];
  });
}

function tailOf(logs: RunWorld['logs'], { id, run, attempt, error }: TaskTable): LogTail | undefined {
  // Steps go one after another: what has failed is the last that began.
  const step = logs.steps(run, id, attempt).at(-1);
  if (step === undefined) return undefined;
  // A task whose time was over is told so; its step was cancelled.
  const ends = [(JSON.parse(error!) as Fault).message, 'cancelled'].map((text) =>
    Buffer.from(`error: ${text}\n`),
  );
  const longest = Math.max(...ends.map(({ length }) => length));
  const { bytes, isWhole } = logs.tail(run, id, attempt, step, MOST_BYTES + longest);
  const end = ends.find((each) => each.equals(bytes.subarray(Math.max(bytes.length - each.length, 0))));
  const printed = bytes.subarray(0, bytes.length - (end?.length ?? 0));
  const kept = printed.subarray(Math.max(printed.length - MOST_BYTES, 0));
  return { bytes: kept, isWhole: isWhole && kept.length === printed.length };
}
