/** Ids of runs and tasks: short enough to be typed, and never the name of anything else. */

import { StrataError, toHex } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import { parsePath } from '../tree/index.ts';
import type { Path } from '../tree/index.ts';
import { isRunId } from '../workspace/index.ts';

/** 48 bits: of a million runs two are equal once in 500 homes, and then the database refuses the second. */
const ID_BYTES = 6;

export function newRunId(random: Random): string {
  return `run-${toHex(random(ID_BYTES))}`;
}

export function newTaskId(random: Random): string {
  return `task-${toHex(random(ID_BYTES))}`;
}

/** `RUN[#TASK][:PATH]` */
export interface RunRef {
  readonly run: string;
  /** A task's name. */
  readonly task: string | undefined;
  readonly path: Path | undefined;
}

/**
 * A task's name stands between `#` and the first `:` behind it; `%`, `#`, `:` and what cannot be printed are written as in URLs.
 *
 * @throws bad_input
 */
export function parseRunRef(text: string): RunRef {
  const [, run = '', task, path] = /^([^#:]*)(?:#([^:]*))?(?::(.*))?$/s.exec(text) ?? [];
  if (!isRunId(run)) {
    throw new StrataError('bad_input', `${JSON.stringify(text)} names no run`, {
      hint: 'A run is named by its id, as in run-0123456789ab; `strata runs list` shows them.',
    });
  }
  return {
    run,
    task: task === undefined ? undefined : decodeTask(task),
    path: path === undefined ? undefined : parsePath(path),
  };
}

/** A task's name as it stands in a reference. */
export function encodeTask(name: string): string {
  return name.replace(/[%#:\p{C}]/gu, (character) => encodeURIComponent(character));
}

function decodeTask(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new StrataError('bad_input', `${JSON.stringify(text)} is no name of a task`, {
      hint: 'Write a `%` in a name as %25.',
      cause: error,
    });
  }
}
