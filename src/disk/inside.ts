/** Restoring into a directory that stays: written to a staging directory in it, then moved to its place, entry by entry. */

import { closeSync, fstatSync, fsyncSync } from 'node:fs';

import { StrataError, isStrataError } from '../base/index.ts';
import { openDirectoryAt } from './at.ts';
import type { Work } from './beside.ts';
import { writeError } from './failure.ts';
import { looksOf, makeWritable, setLooks } from './looks.ts';
import type { Looks } from './looks.ts';
import { merge } from './merge.ts';
import { removeQuietly, removeTree } from './remove.ts';
import { makeStaging, markMoving, sweep } from './staging.ts';
import type { RestoreId } from './staging.ts';
import type { Plan } from './survey.ts';
import type { Existing } from './target.ts';

/** @param resumes whether this restore died before while its files were appearing */
export async function restoreInside(
  { root, stage, sync, random }: Work,
  target: Existing,
  id: RestoreId,
  resumes: boolean,
): Promise<Plan> {
  const { path, fd } = target;
  const before = looksOf(fstatSync(fd), () => fstatSync(fd, { bigint: true }));
  let staging: Buffer | undefined;
  let moving = resumes;
  try {
    makeWritable(fd);
    // Marked before what the dead have left goes: a crash in between must not lose the right to go on.
    staging = makeStaging(fd, random, resumes ? id : undefined);
    await sweep(fd, target.leftovers);
    const staged = openDirectoryAt(fd, staging);
    let plan: Plan;
    try {
      plan = await stage.write(staged, fd);
      if (!resumes) {
        staging = markMoving(fd, staging, id);
        fsyncSync(fd);
      }
      moving = true;
      await merge(staged, fd, sync);
    } finally {
      closeSync(staged);
    }
    if (sync) fsyncSync(fd);
    await removeTree(fd, staging);
    setLooks(fd, root, sync);
    return plan;
  } catch (error) {
    if (staging !== undefined) await removeQuietly(fd, staging);
    setLooksQuietly(fd, before);
    const known = writeError(error, `restore into ${path}`);
    throw moving ? halfDone(known) : known;
  }
}

function setLooksQuietly(directory: number, looks: Looks): void {
  try {
    setLooks(directory, looks, false);
  } catch {
    // What refuses this has refused to be changed before.
  }
}

/** Other hints say that nothing was changed. */
function halfDone(error: unknown): unknown {
  if (!isStrataError(error)) return error;
  return new StrataError(error.code, error.message, {
    hint: 'Some files may have been replaced, each of them whole. Run the restore again with --overwrite.',
    details: error.details,
    cause: error,
  });
}
