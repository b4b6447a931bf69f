/** What a task printed last that has failed: most often it says why. */

import { toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { TaskTable } from '../db/index.ts';
import type { Fault } from './fault.ts';
import type { LogTail } from './logs.ts';
import { getRun } from './rows.ts';
import type { RunWorld } from './world.ts';

/** Bytes of each: some lines, and not the one line of a megabyte that somebody prints. */
const MOST_BYTES = 4096;

const NEWLINE = 10;

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
  // Steps go one after another: what has failed is the last that began, and it may have printed nothing.
  const steps = logs.steps(run, id, attempt);
  const last = steps.pop();
  if (last === undefined) return undefined;
  // A task whose time was over is told so; its step was cancelled.
  const ends = [(JSON.parse(error!) as Fault).message, 'cancelled'].map((text) =>
    Buffer.from(`error: ${text}\n`),
  );
  const longest = Math.max(...ends.map(({ length }) => length));
  const { bytes, isWhole } = logs.tail(run, id, attempt, last, MOST_BYTES + longest);
  const end = ends.find((each) => each.equals(bytes.subarray(Math.max(bytes.length - each.length, 0))));
  const printed = bytes.subarray(0, bytes.length - (end?.length ?? 0));
  let told = endOf({ bytes: printed, isWhole });
  for (let step = steps.pop(); step !== undefined && told.isWhole; step = steps.pop())
    told = joined(logs.tail(run, id, attempt, step, MOST_BYTES), told);
  return told;
}

function endOf({ bytes, isWhole }: LogTail): LogTail {
  const kept = bytes.subarray(Math.max(bytes.length - MOST_BYTES, 0));
  return { bytes: kept, isWhole: isWhole && kept.length === bytes.length };
}

/** What a step printed begins a line, however the step before it ended. */
function joined(before: LogTail, after: LogTail): LogTail {
  const isLine = before.bytes.length === 0 || after.bytes.length === 0 || before.bytes.at(-1) === NEWLINE;
  const bytes = Buffer.concat([before.bytes, isLine ? new Uint8Array() : Buffer.of(NEWLINE), after.bytes]);
  return endOf({ bytes, isWhole: before.isWhole });
}
