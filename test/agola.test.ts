/** A run file as users of Agola write it, by `bin/strata`: planned for branches and tags, then run on the host and in containers. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';

import { describeWith } from '../src/testing/need.ts';
import { testImage } from '../src/testing/test-image.ts';
import { STRATA, openCommandLine } from './command-line.fixture.ts';

const EXAMPLE = readFileSync('examples/runs/go.yml', 'utf8');

/** Stands for `go`, which no test image has. What it downloads is there when the cache was. */
const GO = `
case $1 in
mod) mkdir -p "$GOPATH/pkg/mod"; if [ -e "$GOPATH/pkg/mod/m" ]; then echo from the cache; else echo m > "$GOPATH/pkg/mod/m"; echo fetched; fi ;;
build) mkdir -p bin; echo "echo greet $VERSION" > bin/greet; chmod 755 bin/greet ;;
test) test -x bin/greet && echo ok ;;
esac
`;

const EXECUTORS = `
executors:
  - { name: here, type: host, arch: amd64, slots: 2 }
  - { name: pods, type: podman, arch: amd64, slots: 2 }
`;

interface Task {
  readonly name: string;
  readonly status: string;
  readonly waitingApproval: boolean;
  readonly executor: string | null;
}

interface Run {
  readonly id: string;
  readonly result: string;
  readonly tasks: readonly Task[];
}

let line: ReturnType<typeof openCommandLine>;
beforeEach(() => (line = openCommandLine()));
afterEach(() => rmSync(line.base, { recursive: true, force: true }));

function prepare(file: string): void {
  line.write('home/strata.yaml', EXECUTORS);
  line.write('ci.yml', file);
  line.write('repository/go', GO);
  line.write('repository/go.sum', 'example.com/x v1.0.0 h1:x=\n');
  const git = (...words: readonly string[]) =>
    execFileSync('git', [
      '-c',
      'user.name=a',
      '-c',
      'user.email=a@b',
      '-C',
      join(line.base, 'repository'),
      ...words,
    ]);
  git('init', '--quiet');
  git('add', '.');
  git('commit', '--quiet', '-m', 'all');
  git('tag', 'v1.2.3');
}

/** Starts it, says yes when it asks, and waits for its end. */
async function run(): Promise<Run> {
  const words = ['--source', 'repository', '--tag', 'v1.2.3', '--var', 'version=1.2.3', '--var', 'token=t'];
  const child = spawn(STRATA, ['--json', 'runs', 'start', 'ci.yml', ...words], {
    ...line.options,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (part: Uint8Array) => (text += Buffer.from(part).toString()));
  const ended = once(child, 'close');
  while (child.exitCode === null) {
    await wait(200);
    // Not before the run has made the home.
    const { status, stdout } = line.strata('--json', 'runs', 'list');
    if (status === 4) continue;
    const { runs } = JSON.parse(stdout) as { runs: readonly Run[] };
    if (runs[0] === undefined) continue;
    const { id, tasks } = line.answer('runs', 'get', runs[0].id) as Run;
    if (!tasks.some(({ waitingApproval }) => waitingApproval)) continue;
    line.answer('runs', 'approve', id, 'deploy');
    break;
  }
  await ended;
  return JSON.parse(text) as Run;
}

/** Twice: the second finds the cache of the first. */
async function expectWhole(executor: string): Promise<void> {
  for (const modules of ['fetched', 'from the cache']) {
    const { id, result, tasks } = await run();
    expect(result, line.strata('runs', 'logs', id).stdout).toBe('success');
    expect(tasks.map((task) => [task.name, task.status, task.executor])).toEqual([
      ['build', 'success', executor],
      ['test go1.21', 'success', executor],
      ['test go1.22', 'success', executor],
      ['deploy', 'success', executor],
    ]);
    expect(line.strata('runs', 'logs', id, 'build').stdout).toContain(`\n${modules}\n`);
    expect(line.strata('runs', 'logs', id, 'deploy').stdout).toMatch(/\ngreet 1\.2\.3\n$/);
    const { entries } = line.answer('workspaces', 'ls', id, '-R') as { entries: readonly { path: string }[] };
    expect(entries.map(({ path }) => path)).toEqual([
      'bin',
      'bin/greet',
      'logs',
      'logs/test-1.21.log',
      'logs/test-1.22.log',
    ]);
  }
}

/** What `go` is here, in whatever the tasks run. */
const withStandIn = (file: string) => file.replace(/\bgo (mod|build|test) /g, 'sh ./go $1 ');

describeWith(['git'], 'a run file of Agola', () => {
  it.each([
    [['--branch', 'master'], true],
    [['--branch', 'release-1'], true],
    [['--branch', 'feature'], false],
    [['--tag', 'v1.2.3'], true],
    [['--tag', 'v1'], false],
  ])('[R25] [C45] with %j its deployment is planned: %j', (words, isIn) => {
    // The branch that is checked out is `master`, and says nothing of a run of a tag.
    prepare(EXAMPLE);
    const { tasks } = line.answer('runs', 'plan', 'ci.yml', '--source', 'repository', ...words) as {
      tasks: readonly { name: string; leftOut: boolean; executors: readonly string[] }[];
    };
    expect(tasks.map(({ name, leftOut }) => [name, leftOut])).toEqual([
      ['build', false],
      ['test go1.21', false],
      ['test go1.22', false],
      ['deploy', !isIn],
    ]);
    expect(tasks[0]!.executors).toEqual(['pods']);
  });

  it('[R44] caches where the images of golang have them are warned of before anything runs', () => {
    prepare(EXAMPLE.replaceAll('~/go/pkg/mod', '/go/pkg/mod'));
    const { status, stderr } = line.strata('runs', 'plan', 'ci.yml', '--source', 'repository');
    expect([status, stderr.match(/^warning: build: \/go\/pkg\/mod is not below/gm)?.length]).toEqual([0, 2]);
  });

  it('[C45] runs on the host', async () => {
    prepare(
      withStandIn(EXAMPLE)
        .replace(/type: pod\n/g, 'type: host\n')
        .replace(/ +containers:\n +- image: .*\n/g, '')
        // A task without a sandbox has its home elsewhere.
        .replace('GOPATH: /home/task/go', 'GOPATH: ../go'),
    );
    await expectWhole('here');
  }, 240_000);
});

describeWith(['git', 'root', 'podman', 'busybox'], 'a run file of Agola, in containers', () => {
  it('[C45] runs with podman', async () => {
    prepare(withStandIn(EXAMPLE).replace(/image: .*/g, `image: ${testImage()}`));
    await expectWhole('pods');
    const places = ['ps', '--all', '--filter=label=strata.place', '--format={{.Labels}}'];
    expect(execFileSync('podman', places, { encoding: 'utf8' })).not.toContain(line.base);
  }, 300_000);
});
