import { spawnSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { STRATA, openCommandLine } from './command-line.fixture.ts';

const { base, options, strata, answer, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

beforeAll(() => {
  write('tree/a.txt', 'a');
  for (const name of ['web', 'web-old', 'docs']) answer('workspaces', 'save', 'tree', '-w', name);
  answer('workspaces', 'save', 'tree', '-w', 'elsewhere', '--home', 'other');
  write('completion.bash', strata('completion', 'bash').stdout);
});

/** Asks a real bash what may stand at the end of a line. It gives the words as readline does: `:`, `=` and `@` end them. */
function completed(line: string, program = STRATA): readonly string[] {
  const words = line
    .split(' ')
    .flatMap((word) => (word === '' ? [''] : word.split(/([:=@]+)/).filter(Boolean)));
  if (/[:=@]$/.test(line)) words.push('');
  const script = `source completion.bash
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
complete -p strata | grep -q -- '-F _strata strata' || echo 'is not registered'
_strata "$1" "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, 'bash', program, ...words.slice(1)], {
    ...options,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout.split('\n').filter(Boolean);
}

describe('bash', () => {
  it.each([
    ['strata ', ['workspaces', 'runs', 'executors', 'store', 'keys', 'config', 'completion', 'version']],
    ['strata w', ['workspaces']],
    ['strata workspaces re', ['restore']],
    ['strata workspaces w', ['why']],
    ['strata --json keys ', ['status', 'rotate-root', 'rotate-tenant', 'destroy-tenant', 'export-recovery']],
    ['strata store verify --re', ['--read-data']],
    ['strata store verify --qu', ['--quiet']],
    ['strata workspaces save --exclude', ['--exclude', '--exclude-from']],
    ['strata workspaces save --exclude ', []],
    ['strata workspaces save --exclude x -w w', ['web', 'web-old']],
    ['strata workspaces save --workspace=do', ['docs']],
    ['strata workspaces save tr', ['tree']],
    ['strata workspaces save --exclude-from comp', ['completion.bash']],
    ['strata workspaces log ', ['docs', 'web', 'web-old']],
    ['strata workspaces restore web@3 t', ['tree']],
    ['strata workspaces restore web@', []],
    ['strata workspaces cat web:', []],
    ['strata workspaces diff web@1 d', ['docs']],
    ['strata workspaces fork web ', []],
    ['strata workspaces export web:tree comp', ['completion.bash']],
    ['strata workspaces log --home other ', ['elsewhere']],
    ['strata --home=other workspaces log ', ['elsewhere']],
    ['strata workspaces log --home nowhere ', []],
    ['strata workspaces log --config tree/a.txt ', []],
    ['strata keys destroy-tenant ', []],
    ['strata completion ', ['bash', 'zsh', 'fish']],
    ['strata version ', []],
    ['strata nonsense ', []],
    ['strata workspaces log -- -', []],
  ])('[C29] %s', (line, expected) => {
    expect([...completed(line)].sort()).toEqual([...expected].sort());
  });

  it('[C29] is quiet when the command is away', () => {
    expect(completed('strata workspaces log ', join(base, 'gone'))).toEqual([]);
  });
});

const VERBS = strata('workspaces', '--help')
  .stdout.split('\n')
  .flatMap((line) => /^ {2}([a-z]+) .*(?:<|\[)|^ {2}([a-z]+) {2,}/.exec(line)?.slice(1).find(Boolean) ?? []);

/** How a shell is asked for the names that may stand at the end of a line. */
const ASKS = {
  // Its own parts need a terminal, so what they would be given is looked at.
  zsh: (line: string) => [
    '-fc',
    `compdef() {}; compadd() { print -l -- "\${(@P)2}" }; source ./completion.zsh
program=$1; typed=("$@"); _strata_names`,
    'zsh',
    STRATA,
    ...line.split(' ').slice(1),
  ],
  fish: (line: string) => ['--no-config', '-c', `source completion.fish; complete -C '${line}'`],
};

describe.each([
  ['zsh', ['zsh', '-n'], '#compdef strata'],
  ['fish', ['fish', '--no-execute'], 'complete -c strata'],
] as const)('%s', (shell, [command, check], first) => {
  const { stdout, status } = strata('completion', shell);

  it('[C29] has every verb, and asks for names quietly', () => {
    expect(status).toBe(0);
    expect(stdout).toContain(first);
    expect(VERBS.length).toBeGreaterThan(10);
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`\\b${verb}\\b`));
    for (const flag of ['exclude-from', 'keep-within', 'read-data', 'new-key-command'])
      expect(stdout).toContain(flag);
    expect(stdout).toContain('workspaces list 2>/dev/null');
  });

  const isMissing = spawnSync(command, ['--version']).status !== 0;

  it.skipIf(isMissing && process.env['CI'] !== 'true')('[C29] reads it', () => {
    write(`completion.${shell}`, stdout);
    const file = join(base, `completion.${shell}`);
    const { status: read, stderr } = spawnSync(command, [check, file], { encoding: 'utf8' });
    expect({ read, stderr }).toEqual({ read: 0, stderr: '' });
  });

  it.skipIf(isMissing && process.env['CI'] !== 'true').each([
    ['strata workspaces log ', ['docs', 'web', 'web-old']],
    ['strata workspaces log --home other ', ['elsewhere']],
    ['strata --home=other workspaces log ', ['elsewhere']],
    ['strata --config tree/a.txt workspaces log ', []],
    ['strata workspaces log --tenant nobody ', []],
  ])('[C29] %s', (line, expected) => {
    write(`completion.${shell}`, stdout);
    const {
      status: read,
      stdout: names,
      stderr,
    } = spawnSync(command, ASKS[shell](line), {
      cwd: base,
      env: { ...options.env, PATH: `${dirname(STRATA)}:${process.env['PATH']}` },
      encoding: 'utf8',
    });
    expect({ read, stderr }).toEqual({ read: 0, stderr: '' });
    expect(names.split('\n').filter(Boolean).sort()).toEqual(expected);
  });
});

it('[C29] [C3] knows no other shell, and goes by the name that was called', () => {
  const { status, stderr } = strata('completion', 'tcsh');
  expect(status).toBe(2);
  expect(stderr).toMatch(/Allowed choices are bash, zsh, fish/);
  symlinkSync(STRATA, join(base, 'mctl'));
  const mctl = spawnSync(join(base, 'mctl'), ['completion', 'bash'], {
    ...options,
    encoding: 'utf8',
  });
  expect(mctl.stdout).toMatch(/complete -F _mctl mctl\n$/);
});
