/** Where a restore goes: whether that is possible, and how it can be put there. */

import { closeSync, fstatSync, lstatSync } from 'node:fs';
import { basename, dirname } from 'node:path';

import { StrataError, errno } from '../base/index.ts';
import { isSameDirectory, mountOf, namesIn, openDirectory } from './at.ts';
import { writeError } from './failure.ts';
import { findStagings } from './staging.ts';
import type { Staging } from './staging.ts';

export interface Target {
  /** As the user gave it, without slashes at the end. */
  readonly path: string;
  readonly parent: string;
  readonly name: Buffer;
  /** What is there already. */
  readonly existing: Existing | undefined;
}

export interface Existing extends Disposable {
  /** As the user gave it, without slashes at the end. */
  readonly path: string;
  /** The open directory. */
  readonly fd: number;
  /** Nothing is in it but what dead restores left. */
  readonly empty: boolean;
  /** Staging directories that dead restores left in it. */
  readonly leftovers: readonly Staging[];
  /** It can be replaced by another directory of its name. */
  readonly replaceable: boolean;
}

/**
 * @throws bad_input if something else than a directory is there
 * @throws refused if another restore is at work in it
 */
export function openTarget(given: string): Target {
  const path = given.length > 1 ? given.replace(/(?<=.)\/+$/, '') : given;
  const target = { path, parent: dirname(path), name: Buffer.from(basename(path)) };
  return { ...target, existing: openExisting(target) };
}

function openExisting({ path, parent, name }: Omit<Target, 'existing'>): Existing | undefined {
  const fd = openWithoutLink(path);
  if (fd === undefined) return undefined;
  try {
    const names = namesIn(fd);
    const { living, dead } = findStagings(fd, names);
    if (living.length > 0)
      throw new StrataError('refused', `another restore is writing to ${path}`, {
        hint: 'Wait until it has ended, or restore to another directory.',
      });
    return {
      path,
      fd,
      empty: names.length === dead.length,
      leftovers: dead,
      replaceable: isReplaceable(fd, parent, name),
      [Symbol.dispose]: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw writeError(error, `look into ${path}`);
  }
}

function openWithoutLink(path: string): number | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return undefined;
    if (!stats.isDirectory()) throw notADirectory(path, stats.isSymbolicLink() ? 'a symlink' : 'a file');
    // Between the look and the opening a link may have come, and would have been followed.
    const fd = openDirectory(path);
    try {
      if (fstatSync(fd).ino !== stats.ino) throw notADirectory(path, 'being changed');
    } catch (error) {
      closeSync(fd);
      throw error;
    }
    return fd;
  } catch (error) {
    if (errno(error) === 'ENOTDIR') throw notADirectory(path, 'below a file');
    throw writeError(error, `open ${path}`);
  }
}

/**
 * Not the directory that this process works in, which would then be in a removed one; not a mount point, which cannot be
 * renamed over; and one that has a name.
 */
function isReplaceable(fd: number, parent: string, name: Buffer): boolean {
  if (['', '.', '..', '/'].includes(name.toString())) return false;
  let above: number;
  try {
    above = openDirectory(parent);
  } catch (error) {
    // A parent that we may only pass through is none that we can rename in.
    if (errno(error) === 'EACCES') return false;
    throw error;
  }
  try {
    return mountOf(fd) === mountOf(above) && !isWorkingDirectory(fd);
  } finally {
    closeSync(above);
  }
}

function isWorkingDirectory(fd: number): boolean {
  const here = openDirectory('.');
  try {
    return isSameDirectory(fd, here);
  } finally {
    closeSync(here);
  }
}

function notADirectory(path: string, what: string): StrataError {
  return new StrataError('bad_input', `cannot restore to ${path}: it is ${what}`, {
    hint: 'Give a directory that is new or empty, or one to restore into with --overwrite.',
  });
}
