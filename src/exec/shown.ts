/** Directories that a place shows besides its own: which can be shown, and where. They belong to somebody else. */

import { lstatSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';

import { StrataError, errno, isBelow, systemError } from '../base/index.ts';
import { SHOWN_HOME } from './environment.ts';
import type { ShownDirectory } from './executor.ts';

/** Where executors, or what starts containers for them, put something of their own. */
const OF_THE_SYSTEM = ['/dev', '/etc', '/proc', '/run', '/sys', SHOWN_HOME];
/** Whoever is shown these of the machine rules it. */
export const KEPT_APART = ['/dev', '/proc', '/sys'];
const NOT_PLAIN = 'it is not absolute, or has `.`, `..` or needless slashes';

/**
 * Once for each place, before it is made.
 *
 * @param directory of the place
 * @throws bad_input, not_found
 */
export function checkShown(shown: readonly ShownDirectory[], directory: string): void {
  for (const [index, { at }] of shown.entries()) {
    checkAt(at);
    const other = shown.slice(0, index).find((each) => overlap(each.at, at));
    if (other !== undefined)
      throw refusal(at, `${other.at} is shown there, too`, 'Show each directory at a path of its own.');
  }
  for (const [index, { source }] of shown.entries()) {
    checkSource(source);
    // Commands could put a link in the place of the inner one.
    const other = shown
      .slice(0, index)
      .find((each) => each.source !== source && overlap(each.source, source));
    if (other !== undefined)
      throw refusal(source, `${other.source} is shown, too`, 'Show no directory that is inside of another.');
    // It would be taken away with the place, or lay the place open to others who are shown the same.
    if (overlap(source, realpathSync(directory)))
      throw refusal(source, 'it is in the place itself, or the place in it', 'Keep it apart from places.');
  }
}

/** Also before each command: somebody may have put something else in its place. @throws bad_input, not_found */
export function checkSource(source: string): void {
  if (!isPlain(source)) throw refusal(source, NOT_PLAIN, 'Give the real path.');
  const real = realPathOf(source);
  if (real !== source)
    throw refusal(source, `it is a link and leads to ${real}`, 'Give the path it leads to.');
  if (!lstatSync(source).isDirectory())
    throw refusal(source, 'it is no directory', 'Give a directory of this machine.');
  if (KEPT_APART.some((each) => overlap(source, each)))
    throw refusal(source, "it is the system's", 'Give a directory of files.');
}

/** @param path what is to be shown, or where */
export function refusal(path: string, reason: string, hint: string): StrataError {
  return new StrataError('bad_input', `commands cannot be shown a directory: ${path}: ${reason}`, {
    hint,
    details: { path },
  });
}

function checkAt(at: string): void {
  if (!isPlain(at)) throw refusal(at, NOT_PLAIN, 'As in `/workspace`.');
  const own = OF_THE_SYSTEM.find((each) => overlap(at, each));
  if (own !== undefined)
    throw refusal(at, `commands have something else at ${own}`, 'Show it somewhere else: `/workspace`.');
}

function isPlain(path: string): boolean {
  const normal = posix.normalize(path);
  return (
    path.startsWith('/') && path === normal && !path.includes('\0') && (path === '/' || !path.endsWith('/'))
  );
}

function overlap(one: string, other: string): boolean {
  return isBelow(one, other) || isBelow(other, one);
}

function realPathOf(source: string): string {
  try {
    return realpathSync(source);
  } catch (error) {
    if (errno(error) === 'ENOENT' || errno(error) === 'ENOTDIR') {
      throw new StrataError('not_found', `the directory ${source} is not there`, {
        hint: 'Make it before it is shown.',
        details: { source },
      });
    }
    throw systemError(error, `look at ${source}`);
  }
}
