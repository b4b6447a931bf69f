/** A directory for the cases of a run, which is gone with it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makePlace(): string {
  return mkdtempSync(join(tmpdir(), 'strata-proof-'));
}

/** Whatever modes and depths are in it. */
export function removePlace(directory: string): void {
  spawnSync('chmod', ['-R', 'u+rwX', directory], { stdio: 'ignore' });
  spawnSync('rm', ['-rf', directory]);
}

/** A copy of a directory in the place of what was there. */
export function copyInto(from: string, to: string): void {
  removePlace(to);
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot copy ${from} to ${to}: ${stderr}`);
}
