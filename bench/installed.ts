/** Strata as it is once it is installed: a copy of the build, which an edit of the sources during an hour of measuring does not make old. */

import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What was built, for the results: the copy is in no history. */
export const COMMIT = 'COMMIT';

export interface Installed extends Disposable {
  /** The command. */
  readonly strata: string;
}

/** @param strata `bin/strata` of a clone that is built; any other is taken as it is @param work a directory for the copy */
export function installed(strata: string, work: string): Installed {
  const clone = resolve(strata, '../..');
  if (!existsSync(join(clone, 'src'))) return { strata, [Symbol.dispose]: () => {} };
  mkdirSync(work, { recursive: true });
  const place = mkdtempSync(join(work, 'installed-'));
  for (const part of ['bin', 'dist', 'package.json'])
    cpSync(join(clone, part), join(place, part), { recursive: true });
  symlinkSync(join(clone, 'node_modules'), join(place, 'node_modules'));
  const { stdout } = spawnSync('git', ['describe', '--always', '--dirty'], { cwd: clone, encoding: 'utf8' });
  writeFileSync(join(place, COMMIT), stdout ?? '');
  return {
    strata: join(place, 'bin', 'strata'),
    [Symbol.dispose]: () => rmSync(place, { recursive: true, force: true }),
  };
}
