/** The executor that runs commands on this machine, in a sandbox where there is one. */

import { accessSync, constants, mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

import { StrataError, isStrataError, throwIfAborted } from '../base/index.ts';
import { runAttended } from './attend.ts';
import type { Running } from './attend.ts';
import { killBare, startBare } from './bare.ts';
import { killSandboxes, startSandboxed } from './bubblewrap.ts';
import { usableCgroup } from './cgroup.ts';
import { SHOWN_HOME, environmentFor, hostEnvironment, noWorkingDir } from './environment.ts';
import type { Command, Executor, PlaceOptions, ShownDirectory } from './executor.ts';
import { mountArguments } from './mounts.ts';
import type { Output } from './output.ts';
import type { Pipes } from './pipes.ts';
import { openPlace } from './place.ts';
import { removePlace } from './place-directory.ts';
import { checkShown, checkSource } from './shown.ts';

export interface HostOptions {
  /** `auto`: where bubblewrap works, else without. `require`: or not at all. `off`: nothing is isolated. */
  readonly sandbox: 'auto' | 'require' | 'off';
  /** Absolute paths that sandboxed commands may write to, besides their place. */
  readonly bind: readonly string[];
  /**
   * Absolute paths of which sandboxed commands see nothing: the engine's home, key files, the store. Give directories: a file that is replaced
   * by a rename shows itself again, and what is not there when a command starts is not hidden.
   */
  readonly hidden: readonly string[];
  /** The caller's, for PATH and HOME. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Way {
  readonly label: string;
  homeOf(directory: string): string;
  /** What commands see a shown directory as. */
  pathOf(shown: ShownDirectory): string;
  /** @throws bad_input for what cannot be shown */
  check(shown: readonly ShownDirectory[]): void;
  start(place: PlaceOptions, command: Command, pipes: Pipes, output: Output): Running;
}

/** @throws unavailable if a sandbox is required and there is none; bad_input, not_found for paths that cannot be bound */
export async function hostExecutor(options: HostOptions): Promise<Executor> {
  const path = options.environment['PATH'];
  const bare = (why: string) => bareExecutor(path, usableCgroup(), why);
  if (options.sandbox === 'off') return bare('');
  const base = hostEnvironment(path);
  const program = find('bwrap', base['PATH'] ?? '');
  let reason = 'bubblewrap is not installed';
  if (program !== undefined) {
    const executor = executorOf(sandboxed(program, base, options));
    const failure = await tryOut(executor);
    if (failure === undefined) return executor;
    reason = `bubblewrap does not work here: ${failure}`;
  }
  if (options.sandbox === 'auto') return bare(`: ${reason}`);
  throw new StrataError('unavailable', `commands cannot run in a sandbox: ${reason}`, {
    hint: 'Install bubblewrap (`apt-get install bubblewrap`), or give `--sandbox off`: then nothing is isolated.',
  });
}

function executorOf(way: Way): Executor {
  return {
    label: way.label,
    async place(options) {
      check(options);
      const { directory, shown = [] } = options;
      way.check(shown);
      return openPlace({
        directory,
        home: way.homeOf(directory),
        shown,
        pathOf: (each) => way.pathOf(each),
        async run(command, runOptions) {
          if (command.user !== undefined) throw noOtherUser(command.user);
          for (const { source } of shown) checkSource(source);
          return runAttended(command.input, runOptions, (pipes, output) =>
            way.start(options, command, pipes, output),
          );
        },
        close: async () => undefined,
      });
    },
    async sweepLeftovers(directory) {
      await killSandboxes(directory);
      await killBare(directory);
      await removePlace(directory);
    },
  };
}

function sandboxed(program: string, base: Record<string, string>, options: HostOptions): Way {
  const { bind, hidden, environment } = options;
  const machine = { bind, hidden, emptied: environment['HOME'] === undefined ? [] : [environment['HOME']] };
  // What cannot be bound is said at once, not in the first command.
  mountArguments(machine);
  return {
    label: 'host, in a bubblewrap sandbox',
    homeOf: () => SHOWN_HOME,
    pathOf: ({ at }) => at,
    check: (shown) => void mountArguments(machine, shown),
    start: ({ directory, shown }, command, pipes, output) =>
      startSandboxed(
        {
          program,
          // Each time: a key file may have come since.
          mounts: mountArguments(machine, shown),
          directory,
          words: command.words,
          environment: environmentFor(base, command, SHOWN_HOME),
          workingDir: resolve(SHOWN_HOME, command.workingDir),
        },
        pipes,
        output,
      ),
  };
}

/** @param cgroups where groups of processes can be made; undefined: nowhere */
export function bareExecutor(path: string | undefined, cgroups: string | undefined, reason = ''): Executor {
  const base = hostEnvironment(path);
  return executorOf({
    label: `host, without a sandbox${reason}`,
    homeOf: (directory) => directory,
    pathOf: ({ source }) => source,
    check: () => undefined,
    start({ directory }, command, pipes) {
      const workingDir = resolve(directory, command.workingDir);
      if (statSync(workingDir, { throwIfNoEntry: false })?.isDirectory() !== true)
        throw noWorkingDir(command.workingDir);
      const environment = environmentFor(base, command, directory);
      return startBare({ words: command.words, environment, workingDir, directory, cgroups }, pipes);
    },
  });
}

/** @returns why not */
async function tryOut(executor: Executor): Promise<string | undefined> {
  await using place = await executor.place({ directory: mkdtempSync(join(tmpdir(), 'strata-place-')) });
  try {
    const command = { words: ['true'], environment: {}, workingDir: '' } as const;
    const { exitCode } = await place.run(command, { onOutput: () => undefined });
    return exitCode === 0 ? undefined : `\`true\` ended with ${exitCode}`;
  } catch (error) {
    if (isStrataError(error)) return error.message;
    throw error;
  }
}

function check({ directory, containers = [], shown = [], signal }: PlaceOptions): void {
  throwIfAborted(signal);
  if (containers.length > 0) {
    throw new StrataError('bad_input', 'the host runs commands, not containers', {
      hint: 'Give the task an executor that has containers, or leave `containers` out.',
    });
  }
  if (!directory.startsWith('/') || !statSync(directory).isDirectory())
    throw new StrataError('internal', `${directory} is no place`, { details: { directory } });
  checkShown(shown, directory);
}

function noOtherUser(user: string): StrataError {
  return new StrataError('refused', `the host does not run commands as ${user}`, {
    hint: 'Leave `user` out: commands run as whoever runs this. Containers have users of their own.',
    details: { user },
  });
}

function find(program: string, path: string): string | undefined {
  return path
    .split(':')
    .map((directory) => join(directory, program))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
