/** Giving a finished file its name, once. */

import { linkSync, lstatSync, mkdirSync, renameSync, rmdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { StrataError, errno, sha256, throwIfAborted, toHex, utf8 } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';

/** What link(2) answers where there are no hard links (FAT, some network and FUSE file systems). */
const NO_LINKS: ReadonlySet<string | undefined> = new Set([
  'EPERM',
  'EOPNOTSUPP',
  'ENOTSUP',
  'ENOSYS',
  'EMLINK',
]);

/** Milliseconds. A claim is held for one look and one rename. */
const CLAIM_PATIENCE = 10_000;
const CLAIM_PAUSE = 10;

/**
 * @param temporary a durable file on the file system of `target`; it may be gone afterwards
 * @returns false if `target` exists
 */
export async function publish(temporary: string, target: string, options: Cancellable): Promise<boolean> {
  try {
    // rename(2) would replace the object of somebody who was faster; link(2) never does.
    linkSync(temporary, target);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    if (!NO_LINKS.has(errno(error))) throw error;
    return publishByClaim(temporary, target, options);
  }
}

/**
 * As `publish`, without links: mkdir(2) is create-once everywhere, so the directory that stands for the name decides who
 * may rename. Whoever dies while holding it blocks this one name until a sweep.
 */
export async function publishByClaim(
  temporary: string,
  target: string,
  options: Cancellable & { readonly patience?: number },
): Promise<boolean> {
  const claim = claimOf(temporary, target);
  const deadline = Date.now() + (options.patience ?? CLAIM_PATIENCE);
  while (!tryClaim(claim)) {
    if (exists(target)) return false;
    if (Date.now() > deadline) throw stuck(target);
    await sleep(CLAIM_PAUSE);
    throwIfAborted(options.signal);
  }
  try {
    if (exists(target)) return false;
    renameSync(temporary, target);
    return true;
  } finally {
    rmdirSync(claim);
  }
}

/** The directory that stands for the right to name `target`, beside the temporary files. */
export function claimOf(temporary: string, target: string): string {
  return join(dirname(temporary), `${toHex(sha256(utf8(target)))}.claim`);
}

function tryClaim(claim: string): boolean {
  try {
    mkdirSync(claim);
    return true;
  } catch (error) {
    if (errno(error) === 'EEXIST') return false;
    throw error;
  }
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function stuck(target: string): StrataError {
  return new StrataError('unavailable', `another process has been writing ${basename(target)} for too long`, {
    hint: 'If none is running, it died; sweep the store, then run the command again.',
  });
}
