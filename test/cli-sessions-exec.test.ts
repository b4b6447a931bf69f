/** `strata sessions exec`: bytes, exit codes, signals, pipes. */

import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it, vi } from 'vitest';

import { NUMBER, STRATA } from './command-line.fixture.ts';
import { PATIENCE, openSessions } from './sessions.fixture.ts';
import { startStrata } from './started.fixture.ts';

vi.setConfig({ testTimeout: PATIENCE, hookTimeout: PATIENCE });
const { options, strata, answer, write } = openSessions(['--home', 'auto']);
beforeAll(() => {
  answer('sessions', 'create', '--name', 'dev', '--agent', 'claude');
});

const sh = (script: string, ...flags: readonly string[]) =>
  strata('sessions', 'exec', 'dev', ...flags, '--', 'sh', '-c', script);

/** With bytes that are no text. */
const raw = (input: string, ...words: readonly string[]) =>
  spawnSync(STRATA, ['sessions', 'exec', 'dev', '--', ...words], { ...options, input });

describe('what goes in and comes out', () => {
  it('[C62] [C63] both streams and the exit code are those of the command', () => {
    const { status, stdout, stderr } = raw(
      '',
      'sh',
      '-c',
      `printf '\\377\\000out'; printf '\\376err' >&2; exit 7`,
    );
    expect({ status, stdout: [...stdout], stderr: [...stderr] }).toEqual({
      status: 7,
      stdout: [0xff, 0, ...Buffer.from('out')],
      stderr: [0xfe, ...Buffer.from('err')],
    });
  });

  it('[C62] a megabyte of stdin comes back as it is', () => {
    const text = 'line of text\n'.repeat(80_000);
    expect(raw(text, 'cat').stdout.toString() === text).toBe(true);
    expect(raw('', 'cat')).toMatchObject({ status: 0, stdout: Buffer.from('') });
  });

  it('[C62] an open stdin keeps nobody waiting, whether the command reads it or not', async () => {
    using idle = startStrata(options, 'sessions', 'exec', 'dev', '--', 'echo', 'done');
    expect(await idle.ended).toEqual({ status: 0, stdout: 'done\n', stderr: '' });
    using read = startStrata(options, 'sessions', 'exec', 'dev', '--', 'head', '-n', '1');
    read.process.stdin.write('first\n');
    expect(await read.ended).toEqual({ status: 0, stdout: 'first\n', stderr: '' });
  });

  it('[C62] with --json it is all on stderr, and one object on stdout', () => {
    const { status, stdout, stderr } = sh('echo out; echo err >&2; exit 3', '--json', '--checkpoint');
    expect(status).toBe(3);
    expect(JSON.parse(stdout)).toEqual({
      task: expect.stringMatching(/^task-[0-9a-f]{12}$/),
      exitCode: 3,
      signal: null,
      seconds: NUMBER,
      snapshot: NUMBER,
    });
    expect(stderr).toMatch(/out\n/);
    expect(stderr).toMatch(/err\n/);
  });

  it('[C60] variables and the directory are those that flags say', () => {
    sh('mkdir -p sub/dir');
    const { stdout } = sh(
      'echo "$A|$B|$STRATA_AGENT|$STRATA_SESSION"; pwd -P; cd "$STRATA_WORKSPACE"; ls',
      '--env',
      'A=x y',
      '--env',
      'B=1=2',
      '--workdir',
      'sub/dir',
    );
    expect(stdout).toMatch(/^x y\|1=2\|claude\|dev\n\/.*\/sub\/dir\nsub\n$/);
  });

  it('[C60] a checkpoint behind a command is made where it is asked for', () => {
    const count = () => (answer('sessions', 'log', 'dev') as { snapshots: object[] }).snapshots.length;
    const before = count();
    sh('echo 1 > f');
    sh('echo 2 > f', '--no-checkpoint');
    expect(count()).toBe(before);
    sh('echo 3 > f', '--checkpoint');
    expect(count()).toBe(before + 1);
    expect(strata('sessions', 'cat', 'dev:f').stdout).toBe('3\n');
  });
});

describe('how it ends', () => {
  it.each([
    [['sh', '-c', 'exit 125'], 125],
    [['sh', '-c', 'kill -9 $$'], 137],
    [['no-such-program-anywhere'], 127],
  ])('[C63] %j ends with %i', (words, status) => {
    expect(strata('sessions', 'exec', 'dev', '--', ...words).status).toBe(status);
  });

  it('[C63] where bubblewrap finds no such program, a line of ours says so', () => {
    const { status, stderr } = strata('sessions', 'exec', 'dev', '--', 'no-such-program-anywhere');
    expect(status).toBe(127);
    if (stderr.startsWith('bwrap: '))
      expect(stderr).toMatch(/\nnote: there is no such program: no-such-program-anywhere\n$/);
    expect(sh('echo bwrap: execvp sh: x >&2; exit 7').stderr).not.toContain('note:');
  });

  it('[C63] a failure of ours is 125 with its error on stderr', () => {
    const { status, stdout, stderr } = strata('--json', 'sessions', 'exec', 'dve', '--', 'ls');
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1)!)).toMatchObject({
      error: { code: 'session_not_found' },
    });
  });

  it('[C63] Ctrl-C ends the command, and all that it started', async () => {
    using started = startStrata(
      options,
      'sessions',
      'exec',
      'dev',
      '--json',
      '--',
      'sh',
      '-c',
      'echo up >&2; sleep 600 & wait',
    );
    const up = new Promise<void>((resolve) => {
      started.process.stderr.on('data', (part: string) => part.includes('up') && resolve());
    });
    await Promise.race([up, started.ended]);
    started.process.kill('SIGINT');
    const { status, stdout, stderr } = await started.ended;
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1)!)).toMatchObject({
      error: { code: 'cancelled', hint: expect.stringMatching(/^The command was ended\. What it had done/) },
    });
    expect(answer('sessions', 'get', 'dev')).toMatchObject({ state: 'active', runningTasks: 0 });
  });

  it.each([
    ['stdout', 'yes', ''],
    ['stderr', `sh -c 'while echo y >&2; do :; done'`, '2>&1 >/dev/null'],
  ])('[C63] nobody reads %s: the command ends quietly', (_, command, to) => {
    const script = `"$0" sessions exec dev -- ${command} ${to} | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', script, STRATA], { ...options, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'y\n141\n', stderr: '' });
    expect(answer('sessions', 'get', 'dev')).toMatchObject({ runningTasks: 0 });
  });
});

it.each([
  ['watch', []],
  ['auto', ['--home', 'auto']],
])('[C64] a quota (%s) that is used up is told, with the largest files; deleting is possible', (_, home) => {
  write('auto/strata.yaml', '{}');
  answer('sessions', 'create', '--name', 'small', '--workspace-quota', '32', ...home);
  const inSmall = (flag: string, script: string) =>
    strata(flag, ...home, 'sessions', 'exec', 'small', '--', 'sh', '-c', script);
  const fill = 'echo kept > kept; dd if=/dev/zero of=big bs=1M count=200 && sleep 600';
  const { status, stdout, stderr } = inSmall('--json', fill);
  expect(status).not.toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    exitCode: status,
    quota: {
      usedBytes: NUMBER,
      limitBytes: 32 * 1024 * 1024,
      biggest: [{ path: 'big', bytes: NUMBER }, { path: 'kept' }],
    },
  });
  expect(stderr).toMatch(
    /note: the quota of session small is used up: .* of 32\.0 MB\n(.*\n)* +[\d.]+ MB {2}big\n/,
  );
  expect(inSmall('--quiet', fill).stderr).toMatch(/is used up/);
  expect(stderr).toContain('sessions checkpoint small && strata sessions fork small --workspace-quota MB\n');
  expect(inSmall('--quiet', 'cat kept; rm big; ls')).toMatchObject({ status: 0, stdout: 'kept\nkept\n' });
  expect(answer('sessions', 'suspend', 'small', ...home)).toMatchObject({ state: 'suspended' });
});
