/** Gives what is in a directory to whoever will run there. By a program: it may be a million files, and it goes by open directories and follows no link. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { systemError } from '../base/index.ts';
import type { Owner } from './inside.ts';

/** Of a file that was taken away, or replaced, between a look at its directory and the look at it. */
const GONE = /: (?:No such file or directory|Not a directory|Too many levels of symbolic links)$/;
const MOST_OUTPUT = 16 * 1024 * 1024;

/** Nobody else is at work there. */
export async function giveAll(directory: string, owner: Owner): Promise<void> {
  try {
    await give(directory, owner);
  } catch (error) {
    throw systemError(error, `give ${directory} to user ${owner.uid}`);
  }
}

/**
 * Only what is root's, as everything is that we have put there: of other files nothing changes, not even the time of their last change. Others may
 * be at work there.
 */
export async function giveOfRoot(directory: string, owner: Owner): Promise<void> {
  try {
    await give(directory, owner, '--from=0');
  } catch (error) {
    const { stderr = '' } = error as { readonly stderr?: string };
    const said = stderr.split('\n').filter(Boolean);
    if (said.length === 0 || !said.every((line) => GONE.test(line)))
      throw systemError(error, `give ${directory} to user ${owner.uid}`);
  }
}

async function give(directory: string, { uid, gid }: Owner, ...which: string[]): Promise<void> {
  await promisify(execFile)('chown', ['-hR', ...which, '--', `${uid}:${gid}`, directory], {
    // It speaks English to us.
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: MOST_OUTPUT,
  });
}
