/** Finds out how containers can be started on this machine. What works first is kept. */

import type { Cancellable } from '../base/index.ts';
import { StrataError } from '../base/index.ts';
import { REMOVAL, ask } from './podman.ts';
import type { Podman } from './podman.ts';

export interface Runtime {
  /** Before the subcommand. */
  readonly global: readonly string[];
  /** Of `run`. */
  readonly limits: readonly string[];
}

/** podman wants more open files and processes than its own process may have, where that is itself in a container or a small machine. */
const MODEST = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=4096:4096'];

/** crun refuses groups of processes that runc puts up with. */
const RUNTIMES: readonly Runtime[] = [
  { global: [], limits: [] },
  { global: [], limits: MODEST },
  { global: ['--runtime=runc'], limits: MODEST },
];

/** What podman says of a container that could not be started for the machine's sake, and not for the image's. */
const OF_THE_MACHINE = /OCI|rlimit|cgroup|crun|runc/;

export class Runtimes {
  #known: Runtime | undefined;

  /** Before the subcommand, of all commands after the first `run`. */
  get global(): readonly string[] {
    return this.#known?.global ?? [];
  }

  /** `podman run --detach …`. @throws unavailable with what podman said */
  async run(podman: Podman, name: string, words: readonly string[], options: Cancellable): Promise<void> {
    let reason = '';
    for (const runtime of this.#known === undefined ? RUNTIMES : [this.#known]) {
      const all = [...runtime.global, 'run', '--detach', ...runtime.limits, ...words];
      const answer = await ask(podman, all, options);
      if (answer.ok) {
        this.#known = runtime;
        return;
      }
      reason ||= answer.reason;
      if (!OF_THE_MACHINE.test(answer.reason)) break;
      // One that was made and could not be started has the name.
      await ask(podman, [...REMOVAL, name], options);
    }
    throw new StrataError('unavailable', `podman could not start a container: ${reason}`, {
      hint: 'Try the same image by hand: `podman run --rm IMAGE true`.',
    });
  }
}
