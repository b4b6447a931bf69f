/**
 * Commands in a sandbox of bubblewrap. There are two processes of it: the one that we start watches, and the first one inside is the init of the
 * command's process ids. When that one dies, the kernel kills all that is inside before anybody is told, so nothing gets away.
 */

import type { Readable, Writable } from 'node:stream';

import { StrataError } from '../base/index.ts';
import type { Running } from './attend.ts';
import { startChild, tooLong } from './child.ts';
import { CANNOT_BE_RUN, NO_SUCH_PROGRAM } from './ended.ts';
import { SHOWN_HOME, noWorkingDir } from './environment.ts';
import { processesInside } from './inside.ts';
import type { Output } from './output.ts';
import type { Pipes } from './pipes.ts';
import { allProcesses, processState, send, untilGone, wordsOf } from './processes.ts';
import type { ProcessState } from './processes.ts';

export interface SandboxedCommand {
  /** Path of bubblewrap. */
  readonly program: string;
  readonly mounts: readonly string[];
  /** Of the place, outside. */
  readonly directory: string;
  readonly words: readonly string[];
  readonly environment: ReadonlyMap<string, string>;
  /** As it is inside. */
  readonly workingDir: string;
}

/**
 * What root keeps: to give files to others, as `tar` does, and to become somebody else. Not to mount, to make devices, or to load anything
 * into the kernel. Others than root have none of them.
 */
const CAPABILITIES = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID'];

const NAMESPACES = ['--unshare-pid', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup-try'];
const STATUS_FD = 3;
const ARGUMENTS_FD = 4;
/** The few lines that bubblewrap itself writes. */
const MOST_STATUS = 64 * 1024;

export function startSandboxed(command: SandboxedCommand, pipes: Pipes, output: Output): Running {
  const { process: child, exited: ended } = startChild(command.program, sandboxWords(command), {
    cwd: '/',
    // Not the command's: bubblewrap is outside, and a variable such as LD_PRELOAD would be obeyed there.
    env: {},
    stdio: [...pipes.stdio, 'pipe', 'pipe'],
  });
  const status = new Status(child.stdio[STATUS_FD] as Readable);
  const words = child.stdio[ARGUMENTS_FD] as unknown as Writable;
  // If it fails, so does the child.
  words.on('error', () => undefined);
  words.end(environmentWords(command.environment));
  const exited = ended.then(async () => {
    await status.read;
    return status.exitCode ?? notStarted(command, output);
  });
  exited.catch(() => undefined);
  return {
    stoppable: {
      get group() {
        return status.init?.pid;
      },
      processes: () => (status.init === undefined ? [] : processesInside(status.init)),
    },
    exited,
    // The init leads the command's process group, and is deaf to what it did not ask for.
    terminate: () => status.whenInside(({ pid }) => send(-pid, 'SIGTERM')),
    kill() {
      // Before there is an init, bubblewrap and its child are one group.
      if (status.init === undefined && child.pid !== undefined) send(-child.pid, 'SIGKILL');
      status.whenInside(({ pid }) => send(pid, 'SIGKILL'));
    },
    async clear() {
      if (status.init === undefined) return;
      send(status.init.pid, 'SIGKILL');
      await untilGone([status.init]);
    },
  };
}

/** Without the environment, which is nobody's to see in a list of processes. */
function sandboxWords({ mounts, directory, workingDir, words }: SandboxedCommand): string[] {
  const root = process.getuid?.() === 0;
  const rights = root
    ? ['--cap-drop', 'ALL', ...CAPABILITIES.flatMap((name) => ['--cap-add', `CAP_${name}`])]
    : [];
  return [
    ...mounts,
    ...marks(directory),
    ...NAMESPACES,
    '--new-session',
    '--die-with-parent',
    '--chdir',
    workingDir,
    ...rights,
    '--json-status-fd',
    String(STATUS_FD),
    '--args',
    String(ARGUMENTS_FD),
    '--',
    ...words,
  ];
}

function environmentWords(environment: ReadonlyMap<string, string>): string {
  const words = [...environment].flatMap(([name, value]) => ['--setenv', name, value]);
  return ['--clearenv', ...words].map((word) => `${word}\0`).join('');
}

function marks(directory: string): [string, string, string] {
  return ['--bind', directory, SHOWN_HOME];
}

/** Kills sandboxes whose engine died before they had asked to die with it: there is a moment. */
export async function killSandboxes(directory: string): Promise<void> {
  const mark = `\0${marks(directory).join('\0')}\0`;
  const found = [...allProcesses()].filter(({ pid }) => {
    const words = wordsOf(pid);
    return words[0]?.endsWith('bwrap') === true && words.join('\0').includes(mark);
  });
  for (const { pid } of found) send(pid, 'SIGKILL');
  await untilGone(found);
}

/** Reads what bubblewrap says of itself: first which process is the init, then how the command ended, if it ever ran. */
class Status {
  readonly read: Promise<void>;
  init: ProcessState | undefined;
  exitCode: number | undefined;
  #text = '';
  #waiting: ((init: ProcessState) => void)[] = [];

  constructor(source: Readable) {
    this.read = new Promise((resolve) => source.once('close', () => resolve()));
    source.setEncoding('utf8');
    source.on('error', () => undefined);
    source.on('data', (text: string) => {
      if (this.#text.length < MOST_STATUS) this.#text += text;
      this.#look();
    });
  }

  /** Now, or as soon as there is an inside. */
  whenInside(act: (init: ProcessState) => void): void {
    if (this.init === undefined) this.#waiting.push(act);
    else act(this.init);
  }

  #look(): void {
    const pid = Number(/"child-pid": (\d+)/.exec(this.#text)?.[1]);
    const exitCode = /"exit-code": (\d+)/.exec(this.#text)?.[1];
    if (exitCode !== undefined) this.exitCode = Number(exitCode);
    if (this.init !== undefined || !Number.isInteger(pid)) return;
    // Undefined if it is dead already.
    this.init = processState(pid);
    if (this.init === undefined) return;
    for (const act of this.#waiting) act(this.init);
    this.#waiting = [];
  }
}

/** Nothing of the command ever ran, so what stands at the end of stderr was written by bubblewrap. */
function notStarted({ words, workingDir, program }: SandboxedCommand, { tail }: Output): number {
  const last = tail.trimEnd().split('\n').at(-1) ?? '';
  if (last.endsWith(': Argument list too long')) throw tooLong();
  if (last.startsWith(`bwrap: execvp ${words[0]}: `))
    return last.endsWith(': No such file or directory') ? NO_SUCH_PROGRAM : CANNOT_BE_RUN;
  if (last.startsWith("bwrap: Can't chdir to ")) throw noWorkingDir(workingDir);
  throw new StrataError('unavailable', `${program} could not run ${words[0]}: ${last || 'it was killed'}`, {
    hint: 'Run with `--sandbox off` to see whether the sandbox is the reason.',
    details: { program },
  });
}
