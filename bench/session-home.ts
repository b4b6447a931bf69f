/** A home with sessions, as its user has it at the command line: commands are processes, and so are other runners. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { environmentOf } from './peers.ts';
import { quote, shell, timed } from './shell.ts';

export interface SessionHomeOptions {
  /** Absolute; nothing is there yet. */
  readonly place: string;
  /** Where `bin/strata` is. */
  readonly strata: string;
  /** Besides what all commands have. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
}

export class SessionHome {
  /** Of its database, keys, cache, and the directories of its sessions. */
  readonly home: string;
  readonly #config: string;
  readonly #strata: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #signal: AbortSignal;
  #runners = 0;

  constructor({ place, strata, env = {}, signal }: SessionHomeOptions) {
    this.home = join(place, 'home');
    this.#config = join(place, 'strata.yaml');
    this.#strata = strata;
    this.#env = { ...environmentOf({}), ...env };
    this.#signal = signal;
    mkdirSync(place, { recursive: true });
  }

  /** @param storage what stands in `strata.yaml` below `storage` */
  configure(storage: object): void {
    // JSON is YAML too.
    writeFileSync(this.#config, JSON.stringify({ storage }));
  }

  run(words: string): Promise<string> {
    return shell(this.#command(words), { env: this.#env, signal: this.#signal });
  }

  /** @returns seconds of the whole process */
  timed(words: string): Promise<number> {
    return timed(this.#command(`--quiet ${words}`), { env: this.#env, signal: this.#signal });
  }

  /** Where the files of a session at work are. */
  async directory(name: string): Promise<string> {
    return (await this.run(`sessions exec ${quote(name)} --sandbox off -- pwd`)).trimEnd();
  }

  /** Of its quota, as in `filesystem`. */
  async means(name: string): Promise<string> {
    const told = await this.run(`--json sessions get ${quote(name)}`);
    return (JSON.parse(told) as { quotaMeans: string }).quotaMeans;
  }

  /** Another runner of the home, with a directory of its own; ready when this returns. */
  async runner(): Promise<AsyncDisposable & { readonly name: string }> {
    const name = `runner-${++this.#runners}`;
    const baseDir = join(this.home, name);
    const words = this.#command(`--json runner --name ${name} --base-dir ${quote(baseDir)}`);
    const child = spawn('sh', ['-c', `exec ${words}`], {
      env: this.#env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(child, 'close');
    const end = () => void child.kill();
    this.#signal.addEventListener('abort', end);
    const isReady = await Promise.race([
      once(child.stdout, 'data').then(() => true),
      ended.then(() => false),
    ]);
    if (!isReady) throw new Error(`the runner ended with ${child.exitCode ?? child.signalCode}: ${words}`);
    child.stdout.resume();
    return {
      name,
      [Symbol.asyncDispose]: async () => {
        this.#signal.removeEventListener('abort', end);
        child.kill();
        await ended;
      },
    };
  }

  #command(words: string): string {
    return `${quote(this.#strata)} --home ${quote(this.home)} --config ${quote(this.#config)} ${words}`;
  }
}
