import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { capture, captureWorld } from './capture.fixture.ts';
import { run } from './run.ts';

let cwd: string;
beforeEach(() => (cwd = mkdtempSync(join(tmpdir(), 'strata-run-'))));
afterEach(() => rmSync(cwd, { recursive: true, force: true }));

async function strata(words: readonly string[], program = 'strata') {
  const world = captureWorld({ cwd, program, env: { HOME: cwd, STRATA_HOME: join(cwd, 'home') } });
  const exitCode = await run(words, world);
  return { exitCode, stdout: await world.stdout.settled(), stderr: await world.stderr.settled() };
}

const VERBS = {
  workspaces: [
    'save',
    'restore',
    'list',
    'log',
    'ls',
    'cat',
    'diff',
    'manifest',
    'fork',
    'why',
    'export',
    'import',
    'rm',
    'forget',
  ],
  runs: ['start', 'plan', 'restart', 'resume', 'list', 'get', 'logs', 'cancel', 'approve', 'rm'],
  sessions: [
    'create',
    'fork',
    'exec',
    'suspend',
    'resume',
    'checkpoint',
    'restore',
    'log',
    'diff',
    'ls',
    'cat',
    'hold',
    'terminate',
    'undelete',
    'get',
    'list',
    'runners',
  ],
  runner: [],
  executors: ['list'],
  store: ['stats', 'verify', 'gc', 'attach', 'rebuild-index'],
  events: [],
  keys: ['status', 'rotate-root', 'rotate-tenant', 'destroy-tenant', 'export-recovery'],
  config: ['check'],
  completion: [],
  version: [],
};
const COMMANDS = Object.entries(VERBS).flatMap(([noun, verbs]) => [
  [noun],
  ...verbs.map((verb) => [noun, verb]),
]);

describe('help', () => {
  it.each([[], ...COMMANDS].map((words) => [words]))('[C4] [C5] %j', async (words) => {
    // Nothing of this can be used, and nothing of it is needed.
    writeFileSync(join(cwd, 'strata.yaml'), 'nonsense: true');
    const { exitCode, stdout, stderr } = await strata([...words, '--help'], 'mctl');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain(`Usage: ${['mctl', ...words].join(' ')}`);
    expect(stdout).toMatch(new RegExp(`^Examples:\n(  mctl .*\n)*  mctl .*${words.join(' ')}`, 'm'));
    expect(stdout).toContain('--home <dir>');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(await strata(['help', ...words], 'mctl')).toEqual({ exitCode, stdout, stderr });
    expect(readdirSync(cwd)).toEqual(['strata.yaml']);
  });

  it('[C4] names all nouns and verbs', async () => {
    const { stdout } = await strata(['--help']);
    for (const [noun, verbs] of Object.entries(VERBS)) {
      expect(stdout).toMatch(new RegExp(`^  ${noun} `, 'm'));
      const help = (await strata([noun, '--help'])).stdout;
      for (const verb of verbs) expect(help).toMatch(new RegExp(`^  ${verb} `, 'm'));
    }
  });

  it('[C10] that cannot be written is an error', async () => {
    const world = captureWorld({ cwd, stdout: capture({ failure: 'ENOSPC' }) });
    expect(await run(['--help'], world)).toBe(7);
  });

  it.each([[[]], [['workspaces']]])('[C3] %j without a verb shows help, as an error', async (words) => {
    const { exitCode, stdout, stderr } = await strata(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain('Usage: ');
    const json = await strata([...words, '--json']);
    expect(json).toMatchObject({ exitCode: 2, stdout: '' });
    expect(JSON.parse(json.stderr.trimEnd().split('\n').at(-1)!)).toMatchObject({
      error: { code: 'bad_input' },
    });
  });
});

it.each([
  [['version'], /^strata \d+\.\d+\.\d+\n$/],
  [['--version'], /^\d+\.\d+\.\d+\n$/],
  [['--json', 'version'], /^\{"version":"\d+\.\d+\.\d+","node":"v\d+\.\d+\.\d+"\}\n$/],
  [['version', '--quiet'], /^\d+\.\d+\.\d+\n$/],
  [['version', '-q'], /^\d+\.\d+\.\d+\n$/],
])('[C5] %j', async (words, text) => {
  writeFileSync(join(cwd, 'strata.yaml'), 'nonsense: true');
  expect(await strata(words)).toEqual({ exitCode: 0, stdout: expect.stringMatching(text), stderr: '' });
});

it.each([
  [['workspace', 'list'], /unknown command 'workspace'/, /Did you mean workspaces\?/],
  [['workspaces', 'lst'], /unknown command 'lst'/, /Did you mean .*list/],
  [['workspaces', 'save', 'x', '--exlude', 'y'], /unknown option '--exlude'/, /Did you mean --exclude\?/],
  [['workspaces', 'list', '--server', 'x'], /unknown option '--server'/, /./],
  [['store', 'stats', 'more'], /too many arguments/, /./],
  [['workspaces', 'save'], /missing required argument 'dir'/, /^`strata workspaces save --help` shows/],
  [
    ['runs', 'approve', 'run-0123456789ab'],
    /missing required argument 'task'/,
    /`strata runs approve --help`/,
  ],
  [['--home', 'runs', 'runs', 'cancel'], /missing required argument 'run'/, /`strata runs cancel --help`/],
  [['workspaces', 'save', 'x', '-w'], /argument missing/, /./],
  [['workspaces', 'list', '--home'], /argument '--json' is invalid/, /./],
  [['workspaces', 'list', '--home', ''], /--home.* It is empty/, /./],
  [['workspaces', 'list', '--tenant='], /--tenant.* It is empty/, /./],
  [['workspaces', 'list', '--tenant', 'a b'], /"a b" is no name for a tenant/, /letters/],
  [['workspaces', 'save', ''], /'dir'\. It is empty/, /./],
  [['workspaces', 'restore', 'web', ''], /'dir'\. It is empty/, /./],
  [['workspaces', 'restore', 'web', 'out', '--path='], /--path.* It is empty/, /./],
  [['workspaces', 'save', '.', '--exclude='], /--exclude.* It is empty/, /./],
  [['events', '--since=x'], /--since.* the number of an event/, /./],
  [['events', '--since=-1'], /--since.* the number of an event/, /./],
  [['events', '--since=1.5h'], /--since.* the number of an event/, /./],
  [['events', '--since='], /--since.* the number of an event/, /./],
  [['events', '--of='], /--of.* It is empty/, /./],
  [['events', 'web'], /too many arguments/, /./],
  [['lst', '--help'], /unknown command 'lst'/, /./],
  [['help', 'workspace'], /unknown command 'workspace'/, /Did you mean workspaces\?/],
  [['workspaces', 'lst', '--help'], /unknown command 'lst'/, /Did you mean list or ls\?/],
  [['workspaces', 'help', 'lst'], /unknown command 'lst'/, /Did you mean list or ls\?/],
  [['workspaces', 'list', '--quiet=no'], /./, /./],
])('[C3] %j', async (words, message, hint) => {
  const { exitCode, stdout, stderr } = await strata([...words, '--json']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  const { error } = JSON.parse(stderr) as { error: { code: string; message: string; hint: string } };
  expect(error).toMatchObject({
    code: 'bad_input',
    message: expect.stringMatching(message),
    hint: expect.stringMatching(hint),
  });
});

it.each([
  [['--json', '--home', 'h', 'config', 'check']],
  [['config', '--json', '--home', 'h', 'check']],
  [['config', 'check', '--home=h', '--json']],
])('[C2] %j', async (words) => {
  const { exitCode, stdout } = await strata(words);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ home: join(cwd, 'h'), file: null });
});

it('[C2] a word behind -- is never a flag', async () => {
  const { exitCode, stderr } = await strata(['workspaces', 'save', '--', '--json']);
  expect(exitCode).not.toBe(0);
  expect(stderr).toMatch(/^error: .*--json/m);
});

it('[C23] a signal before the work ends it', async () => {
  const world = captureWorld({
    cwd,
    env: { HOME: cwd, STRATA_HOME: join(cwd, 'home') },
    signal: AbortSignal.abort(),
  });
  expect(await run(['workspaces', 'save', '.', '-w', 'x'], world)).toBe(9);
});
