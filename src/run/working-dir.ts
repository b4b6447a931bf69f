/** Directories of a task, from its point of view and from ours. */

import { resolve } from 'node:path';

import { StrataError, isBelow, utf8 } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { Path } from '../tree/index.ts';
import type { StepContext } from './attempt.ts';

/**
 * Names from the directory that is the task's home down to a directory of its.
 *
 * @param inside as in the run file: `~/…`, absolute, or relative to the working directory of the task
 * @throws bad_input if it is not below the home: nothing else of it can be reached from outside
 */
export function belowHome({ place, task }: Pick<StepContext, 'place' | 'task'>, inside: string): Path {
  const names = namesOf(stepDirectory({ place, task }, inside));
  const home = namesOf(place.home);
  if (!home.every((name, at) => names[at] === name)) {
    throw new StrataError(
      'bad_input',
      `/${names.join('/')} is not below the home of the task, ${place.home}`,
      {
        hint: 'Files are saved from and restored to directories below `~` only; give such a `working_dir`.',
        details: { path: `/${names.join('/')}`, home: place.home },
      },
    );
  }
  return names.slice(home.length).map((name) => utf8(name));
}

/** Makes a directory of the task. What is not below its home is the image's to have. @param directory absolute, as the task sees it */
export function makeBelowHome(context: Pick<StepContext, 'place' | 'task'>, directory: string): void {
  const { home, directory: own } = context.place;
  if (!isBelow(directory, home)) return;
  Below.open(own, belowHome(context, directory), { make: true })[Symbol.dispose]();
}

/**
 * An absolute path as the task sees it.
 *
 * @param directory of a step: `~/…`, absolute, or relative to the working directory of the task; empty: that one
 */
export function stepDirectory(
  { place, task }: Pick<StepContext, 'place' | 'task'>,
  directory: string,
): string {
  return taskDirectory(directory, place.home, taskDirectory(task.definition.workingDir, place.home));
}

/** An absolute path as the task sees it. @param base what a relative one is relative to */
export function taskDirectory(directory: string, home: string, base = home): string {
  if (directory === '~' || directory.startsWith('~/')) return home + directory.slice(1);
  if (directory === '') return base;
  // `..` stays: what leads out of the home is found out by whoever opens it.
  return directory.startsWith('/') ? directory : `${base}/${directory}`;
}

function namesOf(path: string): string[] {
  return resolve(path)
    .split('/')
    .filter((name) => name !== '');
}
