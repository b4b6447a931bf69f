/** Commands in a container that waits for them. What a command leaves behind is killed from outside, and the container stays. */

import { posix } from 'node:path';

import { StrataError } from '../base/index.ts';
import type { Running } from './attend.ts';
import { startChild } from './child.ts';
import { checkUser } from './container.ts';
import { SHOWN_HOME, noWorkingDir } from './environment.ts';
import type { EnvironmentFile } from './environment-file.ts';
import type { Command, PlaceOptions } from './executor.ts';
import { giveAll, giveOfRoot } from './give.ts';
import { killInside, ownerFor, processesInside, terminateInside } from './inside.ts';
import type { Output } from './output.ts';
import type { Pipes } from './pipes.ts';
import { demand } from './podman.ts';
import type { Podman } from './podman.ts';
import { processState, send, until, untilGone } from './processes.ts';
import type { ProcessState } from './processes.ts';
import type { Runtimes } from './runtime.ts';

/** Of processes that start others faster than they are killed one by one. Then the container's init is killed, and all with it at once. */
const ONE_BY_ONE_MS = 2000;

/** What podman itself says when it could not do what was asked for; a command may print the same, and harms only itself. */
const NO_WORKING_DIR = /^Error: .*chdir to cwd .* failed: no such file or directory/m;
const PODMAN_FAILED = /^Error: .*(?:container|exec session|conmon|OCI)/m;
const PODMAN_EXIT_CODE = 125;

export class PodmanRun {
  readonly #podman: Podman;
  readonly #runtimes: Runtimes;
  readonly #name: string;
  readonly #place: PlaceOptions;
  #init: ProcessState;

  static async open(
    podman: Podman,
    runtimes: Runtimes,
    name: string,
    place: PlaceOptions,
  ): Promise<PodmanRun> {
    return new PodmanRun(podman, runtimes, name, place, await findInit(podman, name));
  }

  private constructor(
    podman: Podman,
    runtimes: Runtimes,
    name: string,
    place: PlaceOptions,
    init: ProcessState,
  ) {
    this.#podman = podman;
    this.#runtimes = runtimes;
    this.#name = name;
    this.#place = place;
    this.#init = init;
  }

  /** Gives what is in the place to whoever will run there: what was put into it meanwhile is root's. Root need not own things. */
  async prepare(user: string | undefined): Promise<void> {
    const { uid, gid } = ownerFor(this.#init, user === undefined ? undefined : checkUser(user));
    if (uid === 0) return;
    await giveAll(this.#place.directory, { uid, gid });
    for (const { source } of this.#place.shown ?? []) await giveOfRoot(source, { uid, gid });
  }

  start(command: Command, file: EnvironmentFile, pipes: Pipes, output: Output): Running {
    const init = this.#init;
    const workingDir = posix.resolve(SHOWN_HOME, command.workingDir);
    const { exited: ended } = startChild(
      this.#podman.program,
      [
        ...this.#runtimes.global,
        'exec',
        ...(command.input === undefined ? [] : ['--interactive']),
        ...(command.user === undefined ? [] : [`--user=${checkUser(command.user)}`]),
        `--workdir=${workingDir}`,
        `--env-file=${file.path}`,
        ...file.words,
        this.#name,
        ...command.words,
      ],
      { cwd: '/', env: this.#podman.environment, stdio: [...pipes.stdio] },
    );
    let over = false;
    const end = () => {
      over = true;
    };
    ended.then(end, end);
    const exited = ended.then((code) => judge(code, workingDir, output));
    exited.catch(() => undefined);
    // podman takes its time to start a command, and it must not get away by that.
    const insist = (act: () => boolean) => void until(() => over || act()).catch(() => undefined);
    return {
      stoppable: { group: undefined, processes: () => processesInside(init) },
      exited,
      terminate: () => insist(() => terminateInside(init)),
      kill: () => insist(() => killInside(init) < 0),
      clear: () => this.#clear(init),
    };
  }

  async #clear(init: ProcessState): Promise<void> {
    if (processState(init.pid)?.started === init.started) {
      if (await until(() => killInside(init) === 0, ONE_BY_ONE_MS)) return;
      send(init.pid, 'SIGKILL');
    }
    await untilGone([init]);
    await demand(this.#podman, [...this.#runtimes.global, 'start', this.#name]);
    this.#init = await findInit(this.#podman, this.#name);
  }
}

async function findInit(podman: Podman, name: string): Promise<ProcessState> {
  const pid = Number(await demand(podman, ['inspect', '--format={{.State.Pid}}', name]));
  const state = pid > 0 ? processState(pid) : undefined;
  if (state !== undefined) return state;
  throw new StrataError('unavailable', `the container ${name} ended at once`, {
    hint: 'Its entrypoint has to end with `exec "$@"`; leave `entrypoint` out, and nothing of the image is run.',
    details: { container: name },
  });
}

function judge(code: number, workingDir: string, { tail }: Output): number {
  if (code === 0) return code;
  if (NO_WORKING_DIR.test(tail)) throw noWorkingDir(workingDir);
  if (code !== PODMAN_EXIT_CODE || !PODMAN_FAILED.test(tail)) return code;
  throw new StrataError('unavailable', `podman could not run a command: ${tail.trim().split('\n').at(-1)}`, {
    hint: 'Look at the container with `podman ps --all`.',
  });
}
