import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

import { parseRootKey } from '../src/vault/index.ts';
import { STRATA, openCommandLine } from './command-line.fixture.ts';

const { base, home, options, strata, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

const CONTENT = 'nobody may read this line of a file\n';
const PASSPHRASE = 'correct horse battery staple';

/** A key in each form that it could be told in. */
function formsOf(text: string): string[] {
  const key = Buffer.from(parseRootKey(text, 'the key'));
  const [, groups = ''] = text.trim().split(' ');
  return [
    groups,
    groups.replaceAll('-', ''),
    key.toString('hex'),
    key.toString('base64'),
    key.toString('latin1'),
  ];
}

describe('-v', () => {
  it('[C30] tells the steps of a save and a restore, with the time, on stderr', () => {
    write('tree/a.txt', CONTENT);
    const saved = strata('workspaces', 'save', 'tree', '-w', 'web', '-v');
    expect(saved.status).toBe(0);
    expect(saved.stdout).toMatch(/^saved web@1\n/);
    const lines = saved.stderr.split('\n').filter((line) => / s {2}/.test(line));
    for (const line of lines) expect(line).toMatch(/^ +\d+\.\d{3} s {2}\S/);
    const steps = [
      /no configuration file/,
      /database opened: .*strata\.db/,
      /store opened: .*root key from key file /,
      /tenant default/,
      /intent [0-9a-f]{32} announced/,
      /tree read, its tree has the digest [0-9a-f]{64}/,
      /pack tenants\/\S+\/data\/\S+ stored/,
      /index segment [0-9a-f]{32} stored, \d+ bytes/,
      /web@1 committed/,
      /head of web@1 published/,
    ];
    const found = steps.map((step) => lines.findIndex((line) => step.test(line)));
    expect(found).toEqual([...found].sort((a, b) => a - b));
    expect(found).not.toContain(-1);

    const restored = strata('workspaces', 'restore', 'web', 'out', '-v');
    expect(restored.stderr).toMatch(/ s {2}reading announced, in epoch 1\n/);
    expect(restored.stderr).toMatch(/ s {2}index read: 1 chunks and 1 tree nodes, in 1 segments\n/);
    expect(restored.stderr).toMatch(/ s {2}restoring web@1.*\n.* s {2}index read.*\n.* s {2}out written\n/);
    expect(strata('workspaces', 'restore', 'web', 'other').stderr).toBe('');
  });

  it('[C30] [C6] leaves stdout and the error of --json as they are', () => {
    const { status, stdout, stderr } = strata('workspaces', 'cat', 'web:none', '-v', '--json');
    expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1)!)).toMatchObject({
      error: { code: 'path_not_found' },
    });
  });

  it('[C30] never tells a key, a passphrase, a variable or a content', () => {
    const key = join(home, 'keys', 'root.key');
    const keyLine = () =>
      readFileSync(key, 'utf8')
        .split('\n')
        .find((line) => line.startsWith('strata-root-key'))!;
    const secrets = [...formsOf(keyLine()), CONTENT.trim(), PASSPHRASE, 'value of a variable'];
    let told = '';
    const run = (...words: readonly string[]) => {
      const env = { ...options.env, PASS: PASSPHRASE, OTHER: 'value of a variable' };
      const { status, stderr } = spawnSync(STRATA, [...words, '-v'], { ...options, env, encoding: 'utf8' });
      expect([words, status]).toEqual([words, 0]);
      told += stderr;
    };
    write('tree/b.txt', `${CONTENT}more`);
    run('workspaces', 'save', 'tree', '-w', 'web');
    run('workspaces', 'restore', 'web', 'once more');
    run('workspaces', 'export', 'web', 'web.tar');
    run('workspaces', 'import', 'web.tar');
    run('keys', 'status');
    run('keys', 'export-recovery', 'recovery');
    run('keys', 'rotate-root');
    secrets.push(...formsOf(keyLine()));
    run('store', 'verify', '--read-data');
    run('store', 'gc');
    run('store', 'rebuild-index');
    write('pass.yaml', 'storage: { encryption: { passphrase_env: PASS } }');
    write('command.yaml', 'storage: { encryption: { key_command: [cat, recovery] } }');
    for (const name of ['pass', 'command'])
      for (const verb of [
        ['workspaces', 'save', 'tree'],
        ['keys', 'status'],
      ])
        run(...verb, '--config', `${name}.yaml`, '--home', `${name}-home`);
    expect(told.split('\n').length).toBeGreaterThan(80);
    expect(secrets.filter((secret) => told.includes(secret))).toEqual([]);
    expect(secrets).toHaveLength(13);
  });
});
