/** Restoring into a directory that stays: written to a staging directory in it, then moved to its place, entry by entry. */

import { closeSync, fstatSync, fsyncSync, mkdirSync } from 'node:fs';

import { PERMISSION_BITS, at, openDirectoryAt } from './at.ts';
import { removeQuietly } from './beside.ts';
import type { Work } from './beside.ts';
import { writeError } from './failure.ts';
import { markMoving, writeJournal } from './journal.ts';
import { setLooks } from './looks.ts';
import { merge } from './merge.ts';
import { removeTree } from './remove.ts';
import { stage } from './stage.ts';
import { makeStaging, sweep } from './staging.ts';
import type { Plan } from './survey.ts';
import type { Existing } from './target.ts';
import { mtimeOf } from './times.ts';

/** Beside the journal in the staging directory. */
const STAGED = Buffer.from('tree');

/**
 * @param head of the journal
 * @param resumes whether this restore died before while its files were appearing
 */
export async function restoreInside(
  work: Work,
  target: Existing,
  head: string,
  resumes: boolean,
): Promise<Plan> {
  const { root, writer } = work;
  const before = fstatSync(target.fd);
  try {
    const staging = makeStaging(target.fd, work.random);
    try {
      const plan = await restoreThrough(staging, work, target, head, resumes);
      await removeTree(target.fd, staging);
      setLooks(target.fd, root, writer.sync);
      return plan;
    } catch (error) {
      await removeQuietly(target.fd, staging);
      throw error;
    }
  } catch (error) {
    const looks = {
      mode: before.mode & PERMISSION_BITS,
      mtime: mtimeOf(before, () => fstatSync(target.fd, { bigint: true })),
    };
    setLooks(target.fd, looks, false);
    throw writeError(error, 'restore into the target');
  }
}

async function restoreThrough(
  name: Buffer,
  { selection, writer }: Work,
  target: Existing,
  head: string,
  resumes: boolean,
): Promise<Plan> {
  const staging = openDirectoryAt(target.fd, name);
  try {
    // Before the old journal goes with what the dead have left: a crash in between must not lose the right to go on.
    writeJournal(staging, head, resumes);
    await sweep(target.fd, target.leftovers);
    mkdirSync(at(staging, STAGED), 0o700);
    const staged = openDirectoryAt(staging, STAGED);
    try {
      const plan = await stage(selection, writer, staged, target.fd);
      if (!resumes) markMoving(staging);
      await merge(staged, target.fd, writer.sync);
      if (writer.sync) fsyncSync(target.fd);
      return plan;
    } finally {
      closeSync(staged);
    }
  } finally {
    closeSync(staging);
  }
}
