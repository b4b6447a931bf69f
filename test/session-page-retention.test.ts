/** What is promised of the files of a session that has ended: each sentence stands in the name of what does it, at the command line. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it, vi } from 'vitest';

import { ISO, openCommandLine } from './command-line.fixture.ts';

vi.setConfig({ testTimeout: 600_000, hookTimeout: 600_000 });

const DAY = 24 * 60 * 60 * 1000;

const RETENTION = `storage:
  workspace:
    retention:
      default: 7d      # Keep for 7 days after termination
      max: 30d         # Maximum retention
      min: 1d          # Minimum retention
`;

const { base, strata, answer, failure, write, remove } = openCommandLine();
afterAll(remove);

/** What the command prints, which has to end well. */
function sh(session: string, script: string, ...flags: readonly string[]): string {
  const { status, stdout, stderr } = strata(...flags, 'sessions', 'exec', session, '--', 'sh', '-ec', script);
  expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: '' });
  return stdout;
}

describe('Data Retention', () => {
  const kept = ['--home', 'kept'];

  it.each([
    ['default: 7d      # Keep for 7 days after termination', 'usual', [], '7d'],
    ['max: 30d         # Maximum retention', 'long', ['--retention', '60d'], '30d'],
    ['min: 1d          # Minimum retention', 'short', ['--retention', '1h'], '1d'],
  ])('%s', (_, name, flags, effective) => {
    write('kept/strata.yaml', RETENTION);
    answer(...kept, 'sessions', 'create', '--name', name, ...flags);
    sh(name, 'echo kept > kept', ...kept);
    expect(answer(...kept, 'sessions', 'terminate', name)).toMatchObject({
      state: 'terminated',
      retention: {
        requested: flags[1] ?? null,
        effective,
        clamped: flags.length > 0,
        expiresAt: ISO,
      },
    });
    expect(strata(...kept, 'sessions', 'cat', `${name}:kept`).stdout).toBe('kept\n');
  });

  it('“Workspace Cleanup (configurable retention)”', () => {
    // So long ago was it promised.
    {
      using database = new DatabaseSync(join(base, 'kept/db/strata.db'));
      database.exec(`UPDATE sessions SET expires = expires - ${8 * DAY}`);
    }
    expect(strata(...kept, 'runner', '--name', 'home', '--once')).toMatchObject({ status: 0 });
    for (const name of ['usual', 'short']) {
      expect(answer(...kept, 'sessions', 'get', name)).toMatchObject({
        state: 'terminated',
        expired: ISO,
        directory: null,
      });
      expect(failure(...kept, 'sessions', 'undelete', name)).toMatchObject({ code: 'workspace_expired' });
    }
    expect(strata(...kept, 'sessions', 'cat', 'usual:kept').status).not.toBe(0);
    expect(answer(...kept, 'sessions', 'undelete', 'long')).toMatchObject({ state: 'suspended' });
    expect(answer(...kept, 'sessions', 'resume', 'long')).toMatchObject({ state: 'active' });
    expect(sh('long', 'cat kept', ...kept)).toBe('kept\n');
  });
});
