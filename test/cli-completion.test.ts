import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { STRATA, openCommandLine } from './command-line.fixture.ts';
import { askBash } from './completion.fixture.ts';

const { base, options, strata, answer, write } = openCommandLine();
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** Names that mean something to a shell, or to a reference. */
const TASKS = ['build', 'Build x86_64', 'a:b#c%d', '$(touch owned)', "it's"];
const REFS = ['build', 'Build x86_64', 'a%3Ab%23c%25d', '$(touch owned)', "it's"];
/** Newest first. */
const runs: string[] = [];

beforeAll(() => {
  const tasks = TASKS.map((name) => ({ name }));
  write('ci/ci.json', JSON.stringify({ runs: [{ name: 'r', tasks }] }));
  write('tree/a.txt', 'a');
  write(
    'regions.yaml',
    'regions: { eu: { provider: gcs, gcs: { bucket: b } }, us: { local: { path: us } } }',
  );
  for (const name of ['web', 'web-old', 'docs']) answer('workspaces', 'save', 'tree', '-w', name);
  answer('workspaces', 'save', 'tree', '-w', 'elsewhere', '--home', 'other');
  for (let n = 0; n < 2; n++) {
    const { id } = answer('runs', 'start', 'ci/ci.json', '--sandbox', 'off') as { id: string };
    runs.unshift(id);
  }
  write('completion.bash', strata('completion', 'bash').stdout);
});

const completed = (line: string, program = STRATA) => askBash(options, line, program);

describe('bash', () => {
  it.each([
    [
      'strata ',
      [
        'workspaces',
        'runs',
        'sessions',
        'runner',
        'executors',
        'store',
        'events',
        'keys',
        'config',
        'completion',
        'version',
      ],
    ],
    ['strata w', ['workspaces']],
    ['strata workspaces re', ['replicate', 'restore']],
    ['strata workspaces w', ['why']],
    ['strata --json keys ', ['status', 'rotate-root', 'rotate-tenant', 'destroy-tenant', 'export-recovery']],
    ['strata store verify --re', ['--read-data', '--region']],
    ['strata store verify --qu', ['--quiet']],
    ['strata workspaces save --exclude', ['--exclude', '--exclude-from']],
    ['strata workspaces save --exclude ', []],
    ['strata workspaces save --exclude x -w w', ['web', 'web-old']],
    ['strata workspaces save --workspace=do', ['docs']],
    ['strata runs start --run ', []],
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
    ['strata store verify --region ', ['default']],
    ['strata workspaces save tree --config regions.yaml --region ', ['default', 'eu', 'us']],
    ['strata --config=regions.yaml store gc --region=e', ['eu']],
    ['strata store attach x --bucket-region ', []],
    ['strata sessions r', ['restore', 'resume', 'runners']],
    ['strata sessions create --workspace-mobility ', ['local', 'shared', 'object_sync']],
    ['strata sessions create --storage-type=', ['volume', 'pvc', 'cas']],
    ['strata sessions create --from w', ['web', 'web-old']],
    ['strata sessions list --state sus', ['suspended', 'suspending']],
    ['strata sessions exec dev --workdir ', []],
    ['strata sessions exec dev -- tr', []],
    ['strata runner --base-dir tr', ['tree']],
    ['strata completion ', ['bash', 'zsh', 'fish']],
    ['strata events --o', ['--of']],
    ['strata events --since 2h --of do', ['docs']],
    ['strata version ', []],
    ['strata nonsense ', []],
    ['strata workspaces log -- -', []],
  ])('[C29] %s', (line, expected) => {
    expect([...completed(line)].sort()).toEqual([...expected].sort());
  });

  it('[C29] is there for the other name of the program', () => {
    const script = 'source completion.bash; complete -p strata mctl';
    const { stdout } = spawnSync('bash', ['-c', script], { ...options, encoding: 'utf8' });
    expect(stdout).toBe('complete -F _strata strata\ncomplete -F _strata mctl\n');
  });

  it('[C29] is quiet when the command is away', () => {
    expect(completed('strata workspaces log ', join(base, 'gone'))).toEqual([]);
  });

  it('[C29] has runs, the newest first, and their tasks, of which no name is more than a name', () => {
    const [run = ''] = runs;
    const refs = REFS.map((name) => `${run}#${name}`);
    for (const verb of ['get', 'logs', 'cancel', 'restart --dry-run', 'rm'])
      expect(completed(`strata runs ${verb} `)).toEqual(runs);
    expect(completed(`strata runs get ${run}`)).toEqual([run]);
    expect(completed(`strata runs logs ${run} `)).toEqual(TASKS);
    expect(completed(`strata runs logs -f ${run} Bu`)).toEqual(['Build x86_64']);
    expect(completed(`strata runs approve ${run} b`)).toEqual(['build']);
    expect(completed('strata runs logs nonsense ')).toEqual([]);
    expect(completed('strata runs logs run-000000000000 ')).toEqual([]);
    expect(completed('strata runs get --home other ')).toEqual([]);
    expect(completed('strata workspaces ls ')).toEqual(['docs', 'web', 'web-old']);
    expect(completed('strata workspaces ls r')).toEqual(runs);
    expect(completed(`strata workspaces diff web ${run}#`)).toEqual(refs);
    expect(completed(`strata workspaces ls ${run}#Bu`)).toEqual([`${run}#Build x86_64`]);
    // As readline gives what is in quotes.
    expect(completed(`strata workspaces cat "${run}#$`)).toEqual([`${run}#$(touch owned)`]);
    expect(completed(`strata workspaces cat ${run}#build:`)).toEqual([]);
    expect(existsSync(join(base, 'owned'))).toBe(false);
  });
});

const VERBS = strata('workspaces', '--help')
  .stdout.split('\n')
  .flatMap((line) => /^ {2}([a-z]+) .*(?:<|\[)|^ {2}([a-z]+) {2,}/.exec(line)?.slice(1).find(Boolean) ?? []);

/** How a shell is asked for the names that may stand at the end of a line. */
const ASKS = {
  // Its own parts need a terminal, so what they would be given is looked at.
  zsh: (line: string, kind: string) => [
    '-fc',
    `compdef() {}; compadd() { print -l -- "\${(@P)@[-1]}" }; source ./completion.zsh
program=$1; typed=("$@"); PREFIX=$typed[-1]; _strata_${kind}`,
    'zsh',
    STRATA,
    ...line.split(' ').slice(1),
  ],
  fish: (line: string) => ['--no-config', '-c', `source completion.fish; complete -C '${line}'`],
};

/** What stands in the place of ID is the newest run. */
const ASKED: readonly [string, string, () => readonly string[]][] = [
  ['strata workspaces log ', 'workspaces', () => ['docs', 'web', 'web-old']],
  ['strata workspaces log --home other ', 'workspaces', () => ['elsewhere']],
  ['strata --home=other workspaces log ', 'workspaces', () => ['elsewhere']],
  ['strata --config tree/a.txt workspaces log ', 'workspaces', () => []],
  ['strata workspaces log --tenant nobody ', 'workspaces', () => []],
  ['strata store gc --region ', 'regions', () => ['default']],
  ['strata --config regions.yaml store gc --region ', 'regions', () => ['default', 'eu', 'us']],
  ['strata runs get ', 'runs', () => runs],
  ['strata runs get --home other ', 'runs', () => []],
  ['strata runs logs ID ', 'tasks', () => TASKS],
  ['strata runs logs run-000000000000 ', 'tasks', () => []],
  ['strata workspaces ls ', 'trees', () => ['docs', 'web', 'web-old']],
  ['strata workspaces ls ID#', 'trees', () => REFS.map((name) => `${runs[0]}#${name}`)],
];

describe.each([
  ['zsh', ['zsh', '-n'], '#compdef strata mctl\n'],
  ['fish', ['fish', '--no-execute'], 'complete -c mctl -w strata\ncomplete -c strata'],
] as const)('%s', (shell, [command, check], first) => {
  const { stdout, status } = strata('completion', shell);

  it('[C29] has every verb, and asks for names quietly', () => {
    expect(status).toBe(0);
    expect(stdout).toContain(first);
    expect(VERBS.length).toBeGreaterThan(10);
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`\\b${verb}\\b`));
    for (const flag of ['exclude-from', 'keep-within', 'read-data', 'new-key-command'])
      expect(stdout).toContain(flag);
    expect(stdout).toMatch(/runs list --quiet --limit \d+/);
  });

  const isMissing = spawnSync(command, ['--version']).status !== 0;

  it.skipIf(isMissing && process.env['CI'] !== 'true')('[C29] reads it', () => {
    write(`completion.${shell}`, stdout);
    const file = join(base, `completion.${shell}`);
    const { status: read, stderr } = spawnSync(command, [check, file], { encoding: 'utf8' });
    expect({ read, stderr }).toEqual({ read: 0, stderr: '' });
  });

  it.skipIf((isMissing && process.env['CI'] !== 'true') || shell === 'zsh')(
    '[C29] is there for the other name of the program',
    () => {
      write(`completion.${shell}`, stdout);
      const { stdout: offered } = spawnSync(command, ASKS.fish('mctl sessions ru'), {
        cwd: base,
        encoding: 'utf8',
      });
      expect(offered).toMatch(/^runners\t.*\n$/);
    },
  );

  it.skipIf(isMissing && process.env['CI'] !== 'true').each(ASKED)('[C29] %s', (line, kind, expected) => {
    write(`completion.${shell}`, stdout);
    const {
      status: read,
      stdout: names,
      stderr,
    } = spawnSync(command, ASKS[shell](line.replace('ID', runs[0]!), kind), {
      cwd: base,
      env: { ...options.env, PATH: `${dirname(STRATA)}:${process.env['PATH']}` },
      encoding: 'utf8',
    });
    expect({ read, stderr }).toEqual({ read: 0, stderr: '' });
    // Fish says what a flag is for behind each.
    const offered = names.split('\n').map((name) => name.split('\t')[0]!);
    expect(offered.filter(Boolean)).toEqual(expected());
    expect(existsSync(join(base, 'owned'))).toBe(false);
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
  expect(mctl.stdout).toMatch(/complete -F _mctl mctl strata\n$/);
});
