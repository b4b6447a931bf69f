/** Restoring into a directory that stays: written to a staging directory in it, then moved to its place, entry by entry. */

import { closeSync, fstatSync, fsyncSync } from 'node:fs';

import { StrataError, isStrataError } from '../base/index.ts';
import { MODE_BITS, openDirectoryAt } from './at.ts';
import type { Work } from './beside.ts';
import type { ExactRestore } from './exact-restore.ts';
import { writeError } from './failure.ts';
import { looksOf, makeWritable, setLooks } from './looks.ts';
import type { Looks } from './looks.ts';
import { merge } from './merge.ts';
import { notRemoved } from './obstacles.ts';
import { removeQuietly, removeTree } from './remove.ts';
import { makeStaging, markMoving, sweep } from './staging.ts';
import type { RestoreId } from './staging.ts';
import type { Plan } from './survey.ts';
import type { Existing } from './target.ts';

/** What has been changed of the target so far: `cleared` of what the tree does not have, to make room; or files `moving` into it. */
type Phase = 'untouched' | 'cleared' | 'moving';

/**
 * @param resumes whether this restore died before while its files were appearing
 * @param exactly what else is in the target goes, when all of the tree is there
 */
export async function restoreInside(
  work: Work,
  target: Existing,
  id: RestoreId,
  resumes: boolean,
  exactly?: ExactRestore,
): Promise<Plan> {
  const { root, sync, random } = work;
  const { path, fd } = target;
  const before = looksOf(fstatSync(fd), () => fstatSync(fd, { bigint: true }), MODE_BITS);
  const stage = (): Buffer => makeStaging(fd, random, resumes ? id : undefined);
  let staging: Buffer | undefined;
  let phase: Phase = resumes ? 'moving' : 'untouched';
  let plan: Plan;
  try {
    makeWritable(fd);
    // Marked before what the dead have left goes: a crash in between must not lose the right to go on.
    staging = stage();
    await sweep(fd, target.leftovers);
    try {
      plan = await write(work, fd, staging, exactly);
    } catch (error) {
      if (exactly?.wantsRoom(error, work.stage) !== true) throw error;
      await removeTree(fd, staging);
      if (!exactly.canMakeRoom(work.stage, fd)) throw error;
      if (!resumes) phase = 'cleared';
      await exactly.makeRoom(fd);
      staging = stage();
      plan = await write(work, fd, staging, exactly);
    }
    if (!resumes) {
      staging = markMoving(fd, staging, id);
      fsyncSync(fd);
    }
    phase = 'moving';
    await exactly?.sightings?.rest();
    const foreign = exactly?.foreign;
    const onMoved = exactly?.sightings?.onMoved;
    await within(fd, staging, (staged) => merge(staged, fd, { sync, foreign, onMoved }));
    await exactly?.finish(fd);
    if (sync) fsyncSync(fd);
    await removeTree(fd, staging);
    setLooks(fd, root, sync);
  } catch (error) {
    if (staging !== undefined) await removeQuietly(fd, staging);
    setLooksQuietly(fd, before);
    throw toldAs(phase, writeError(error, `restore into ${path}`));
  }
  if (exactly !== undefined && exactly.foreign.stuck.count > 0) throw notRemoved(exactly.foreign.stuck);
  return plan;
}

function write(
  { stage }: Work,
  fd: number,
  staging: Buffer,
  exactly: ExactRestore | undefined,
): Promise<Plan> {
  return within(fd, staging, (staged) => stage.write(staged, fd, exactly?.sightings));
}

async function within<Result>(
  fd: number,
  staging: Buffer,
  use: (staged: number) => Promise<Result>,
): Promise<Result> {
  const staged = openDirectoryAt(fd, staging);
  try {
    return await use(staged);
  } finally {
    closeSync(staged);
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
function toldAs(phase: Phase, error: unknown): unknown {
  if (phase === 'untouched' || !isStrataError(error)) return error;
  return new StrataError(error.code, error.message, {
    hint:
      phase === 'moving'
        ? 'Some files may have been replaced, each of them whole. Run the restore again with --overwrite, or as before with --exact.'
        : 'What was not in the tree is gone, to make room; all else is as it was. See to the cause, then run the restore again.',
    details: error.details,
    cause: error,
  });
}
