/** Restoring into a directory that stays: written to a staging directory in it, then moved to its place, entry by entry. */

import { closeSync, fsyncSync, mkdirSync } from 'node:fs';

import { UNLOCKED, at, openDirectoryAt } from './at.ts';
import { removeQuietly } from './beside.ts';
import type { Work } from './beside.ts';
import { writeError } from './failure.ts';
import { markMoving, writeJournal } from './journal.ts';
import { looksOf, makeWritable, setLooks } from './looks.ts';
import { merge } from './merge.ts';
import { removeTree } from './remove.ts';
import { stage } from './stage.ts';
import { makeStaging, sweep } from './staging.ts';
import type { Plan } from './survey.ts';
import type { Existing } from './target.ts';

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
  const before = looksOf(target.fd);
  let staging: Buffer | undefined;
  try {
    makeWritable(target.fd);
    staging = makeStaging(target.fd, work.random);
    const plan = await restoreThrough(staging, work, target, head, resumes);
    await removeTree(target.fd, staging);
    setLooks(target.fd, root, writer.sync);
    return plan;
  } catch (error) {
    if (staging !== undefined) {
      await removeQuietly(target.fd, staging);
      setLooks(target.fd, before, false);
    }
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
    mkdirSync(at(staging, STAGED), UNLOCKED);
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
