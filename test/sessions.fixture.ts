/** A home with sessions, for `bin/strata`: what they have mounted goes with them. */

import { rmSync } from 'node:fs';
import { afterAll } from 'vitest';

import { openCommandLine } from './command-line.fixture.ts';

/** Many commands, one after another, on a machine that does other things too. Milliseconds. */
export const PATIENCE = 180_000;

/** The homes that a test uses besides its own are given as flags. */
export function openSessions(...homes: readonly (readonly string[])[]) {
  const line = openCommandLine();
  // Tests of the quota itself say what keeps theirs; this one needs no right to mount.
  line.write('home/strata.yaml', 'storage: { workspace: { quota_means: watch } }');
  const { strata, base } = line;

  afterAll(() => {
    for (const home of [[], ...homes]) {
      const { stdout } = strata('sessions', 'list', '--state', 'active', '--quiet', ...home);
      for (const name of stdout.split('\n').filter(Boolean))
        strata('sessions', 'terminate', name, '--discard', ...home);
    }
    rmSync(base, { recursive: true, force: true });
  }, PATIENCE);

  return {
    ...line,
    exec: (session: string, ...words: readonly string[]) =>
      strata('sessions', 'exec', session, '--', ...words),
    sh: (session: string, script: string) => strata('sessions', 'exec', session, '--', 'sh', '-c', script),
  };
}
