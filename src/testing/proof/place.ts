/** A directory for the cases of a run, which is gone with it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export function makePlace(): string {
  return mkdtempSync(join(tmpdir(), 'strata-proof-'));
}

export function removePlace(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
}

/** A copy of a directory, times and all, in the place of what was there. */
export function copyInto(from: string, to: string): void {
  removePlace(to);
  const { status, stderr } = spawnSync('cp', ['-a', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot copy ${from} to ${to}: ${stderr}`);
}
