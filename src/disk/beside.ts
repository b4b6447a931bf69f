/** Restoring to a directory that is new or empty: written beside it, then renamed to its name. */

import { closeSync, existsSync, fsyncSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';

import { StrataError, errno, syncDirectory } from '../base/index.ts';
import type { Random } from '../base/index.ts';
import type { Root } from '../tree/index.ts';
import { at, openDirectory, openDirectoryAt } from './at.ts';
import { writeError } from './failure.ts';
import { setLooks } from './looks.ts';
import { Rememberer } from './remember.ts';
import { removeQuietly } from './remove.ts';
import type { Stage } from './stage.ts';
import { leftBeside, makeStaging, sweep } from './staging.ts';
import type { Plan } from './survey.ts';
import type { Target } from './target.ts';

export interface Work {
  readonly root: Root;
  readonly stage: Stage;
  readonly sync: boolean;
  readonly random: Random;
  /** Takes what the next save of the directory may remember; it does not hold once a file was moved. */
  readonly remember: ((part: Uint8Array) => void) | undefined;
}

/** The system's errors where an empty directory cannot be replaced, but may be filled. */
const NOT_BESIDE: ReadonlySet<string | undefined> = new Set(['EACCES', 'EPERM', 'EROFS', 'EBUSY', 'EXDEV']);

/** @returns undefined if the target is there and cannot be replaced: then it has to be restored into */
export async function restoreBeside(work: Work, target: Target): Promise<Plan | undefined> {
  const { path, existing } = target;
  const made: string[] = [];
  try {
    makeParents(target.parent, made);
    if (work.sync) for (const each of made) syncDirectory(dirname(each));
    const parent = openDirectory(target.parent);
    try {
      return await restoreNextTo(parent, work, target);
    } finally {
      closeSync(parent);
    }
  } catch (error) {
    removeParents(made);
    if (existing !== undefined && NOT_BESIDE.has(errno(error))) return undefined;
    throw appeared(error, path) ?? writeError(error, `restore to ${path}`);
  }
}

async function restoreNextTo(parent: number, work: Work, { name, existing }: Target): Promise<Plan> {
  const { root, stage, sync } = work;
  const staging = makeStaging(parent, work.random);
  try {
    const fd = openDirectoryAt(parent, staging);
    try {
      await sweep(parent, leftBeside(parent, Date.now()));
      const rememberer = work.remember && new Rememberer(work.remember);
      const plan = await stage.write(fd, undefined, rememberer);
      await rememberer?.finish();
      if (existing !== undefined) await sweep(existing.fd, existing.leftovers);
      setLooks(fd, root, sync);
      renameSync(at(parent, staging), at(parent, name));
      if (sync) fsyncSync(parent);
      return plan;
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    await removeQuietly(parent, staging);
    throw error;
  }
}

/**
 * Not `mkdir` with `recursive`: on a read-only disk that says ENOENT.
 *
 * @param made takes each directory that was made, the lowest last, also when it ends in an error
 */
function makeParents(parent: string, made: string[]): void {
  const missing: string[] = [];
  for (let path = parent; !existsSync(path); path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) {
    try {
      mkdirSync(path);
    } catch (error) {
      if (errno(error) !== 'ENOTDIR' && errno(error) !== 'EEXIST') throw writeError(error, `make ${path}`);
      throw new StrataError(
        'bad_input',
        `cannot make ${path}: something else than a directory is in the way`,
        {
          hint: 'Give a directory below directories.',
          cause: error,
        },
      );
    }
    made.push(path);
  }
}

/** Takes back what was made in vain. */
function removeParents(made: readonly string[]): void {
  try {
    for (const path of made.toReversed()) rmdirSync(path);
  } catch {
    // Someone has put something there meanwhile: it stays.
  }
}

function appeared(error: unknown, path: string): StrataError | undefined {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errno(error) ?? '')) return undefined;
  return new StrataError('target_not_empty', `${path} has come into being meanwhile`, {
    hint: 'Nothing was changed. Look what is there, then restore to another directory or with --overwrite.',
    cause: error,
  });
}
