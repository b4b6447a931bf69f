/** A disk in a file whose power can be cut: commands run on it, and what is left comes back to be looked at. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { prepareFault } from './fault.ts';
import type { Fault } from './fault.ts';
import { copyInto, removePlace } from './place.ts';
import type { Site } from './site.ts';

/** The file system writes nothing by itself while a case lasts. With the namespace go the mounts, and with them the loop device. */
const BEFORE = `
  truncate -s 64M disk && mkfs.ext4 -q disk && mkdir mount && mount -o loop,commit=600 disk mount
  [ ! -d home ] || cp -a home mount/home
  sync -f mount`;
const AFTER = `
  umount mount && mount -o loop disk mount
  rm -rf home
  for each in home target; do [ ! -e mount/$each ] || cp -a mount/$each $each; done
  umount mount`;

export interface DiskRun {
  /** There is no home at first; else it is the one of the case. */
  readonly isFresh: boolean;
  /** Commands that run to their end. */
  readonly steps: readonly (readonly string[])[];
  /** The power goes at its n-th change of the disk. */
  readonly last: readonly string[];
  readonly at: number;
  readonly noSync?: boolean;
}

export interface DiskOutcome {
  /** What the steps printed. */
  readonly output: string;
  /** The call before which the power went; undefined if the last command had ended before. */
  readonly cut: string | undefined;
  /** Exit code of the last command. */
  readonly code: number;
}

export class PowerDisk {
  readonly #site: Site;
  readonly #directory: string;

  constructor(site: Site) {
    this.#site = site;
    this.#directory = site.beside('power');
  }

  /** Where a command can restore to, on the disk. */
  get target(): string {
    return join(this.#directory, 'mount', 'target');
  }

  /** That directory, after the power has come back. */
  get restored(): string {
    return join(this.#directory, 'target');
  }

  /**
   * The home of the case is afterwards what was left on the disk.
   *
   * @throws if a step fails
   */
  async run({ isFresh, steps, last, at, noSync = false }: DiskRun): Promise<DiskOutcome> {
    removePlace(this.#directory);
    mkdirSync(this.#directory);
    if (!isFresh) copyInto(this.#site.home, join(this.#directory, 'home'));
    const under = join(this.#directory, 'mount');
    const state = (name: string) => join(this.#directory, name);
    const whole = prepareFault(state('whole'), { under, noSync });
    const cut = prepareFault(state('cut'), { under, calls: 'changes', at, kind: 'cut', noSync });
    await this.#execute([
      BEFORE,
      ...steps.map((words) => `${this.#command(words, whole)} >>output`),
      `${this.#command(last, cut)} >last 2>&1 && echo 0 >code || echo $? >code`,
      AFTER,
    ]);
    removePlace(this.#site.home);
    const home = join(this.#directory, 'home');
    if (existsSync(home)) copyInto(home, this.#site.home);
    const fired = cut.fired();
    return {
      output: readFileSync(state('output'), 'utf8'),
      cut: fired && `at a ${fired.what.split(':')[0]}`,
      code: Number(readFileSync(state('code'), 'utf8')),
    };
  }

  #command(words: readonly string[], fault: Fault): string {
    const { launcher, environment } = this.#site.program;
    const home = join(this.#directory, 'mount', 'home');
    const all = { ...environment, STRATA_HOME: home, ...fault.environment };
    const settings = Object.entries(all).map(([name, value]) => `${name}=${value}`);
    return ['env', '-i', ...settings, ...launcher, ...words].map(quoted).join(' ');
  }

  async #execute(lines: readonly string[]): Promise<void> {
    const child = spawn('unshare', ['--mount', 'sh', '-ec', lines.join('\n')], {
      cwd: this.#directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`a step before the power cut, or the disk after it, failed: ${errors}`);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
