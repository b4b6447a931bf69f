import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const base = mkdtempSync(join(tmpdir(), 'strata-examples-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** What each prints. An example that is not here fails. */
const OUTPUT: Readonly<Record<string, string>> = {
  'save-and-restore.ts': `saved project@1: 2 files, 40 bytes
saved project@2: 23 bytes of it are new
removed: notes.txt
changed: src/index.js
restored: remember the milk
refused: target_not_empty
the store is whole
`,
};

it.each(globSync('*.ts', { cwd: 'examples' }))('examples/%s does what it says', (name) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('examples', name)], {
    env: { PATH: process.env['PATH'], HOME: base, STRATA_HOME: join(base, name) },
    encoding: 'utf8',
  });
  expect(stderr).toMatch(/^note: A root key was made: [^\n]*\n$/);
  expect({ status, stdout }).toEqual({ status: 0, stdout: OUTPUT[name] });
});

it('examples/sessions/strata.yaml is in order', () => {
  const { status, stdout, stderr } = spawnSync(
    resolve('bin/strata'),
    [
      '--config',
      'examples/sessions/strata.yaml',
      '--home',
      join(base, 'sessions'),
      'config',
      'check',
      '--json',
    ],
    { encoding: 'utf8' },
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toMatchObject({
    storage: {
      provider: 's3',
      workspace: { baseDir: '/var/strata/workspaces', defaultQuotaMb: 10_240 },
    },
    regions: [{ name: 'eu-west-1', provider: 's3' }],
  });
});

describe('examples/runs', () => {
  const home = join(base, 'runs');
  const strata = (...words: string[]) =>
    spawnSync(resolve('bin/strata'), ['--home', home, '--json', ...words], {
      cwd: 'examples/runs',
      encoding: 'utf8',
    });

  // test/agola.test.ts runs it: here is no image of golang.
  it('go.yml can be planned', () => {
    expect(strata('runs', 'plan', 'go.yml', '--tag', 'v1.4.0').status).toBe(0);
  });

  it.each([
    ['isolated.yml', [], 0, 'success'],
    ['joined.yml', [], 0, 'success'],
    ['conflict.yml', [], 1, 'failed'],
    ['four.yml', ['--var', 'who=ada'], 0, 'success'],
    ['four.yml', ['--var', 'who=bob'], 1, 'failed'],
  ])('%s with %j ends with %i: %s', { timeout: 60_000 }, (file, more, code, result) => {
    expect(strata('runs', 'plan', file).status).toBe(0);
    const { status, stdout, stderr } = strata('runs', 'start', file, ...more);
    expect({ status, result: (JSON.parse(stdout) as { result: string }).result }, stderr).toEqual({
      status: code,
      result,
    });
  });
});
