/** A home in which runs are started from the text of a file, carried to their end, and looked into. */

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

import { bootClock } from '../base/index.ts';
import { hostExecutor, podmanExecutor } from '../exec/index.ts';
import type { ExecutorDefinition } from '../plan/index.ts';
import { openTestHome } from '../testing/home.ts';
import type { TestHome } from '../testing/home.ts';
import type { Conductor, ConductOptions } from './conductor.ts';
import { Logs } from './logs.ts';
import { readLogs } from './read-logs.ts';
import type { RunRequest, RunSettings } from './request.ts';
import { restartRun } from './restart.ts';
import type { RestartOptions } from './restart.ts';
import { resumeRun } from './resume.ts';
import type { ResumeOptions } from './resume.ts';
import { pinSource } from './pin-source.ts';
import { findRunTree } from './run-tree.ts';
import { beginRun, prepareRun } from './start.ts';
import { showRun } from './view.ts';
import type { RunInfo, TaskInfo } from './view.ts';
import type { RunWorld } from './world.ts';
import { LayerSaves, cat, list, namesRun } from '../workspace/index.ts';

import { displayPath } from '../tree/index.ts';

export const DAY = 24 * 60 * 60 * 1000;

export interface RunHomeOptions {
  readonly executors?: readonly ExecutorDefinition[];
  /** The environment in which podman is looked for. */
  readonly podman?: NodeJS.ProcessEnv;
}

export interface StartOptions extends ConductOptions {
  readonly variables?: Readonly<Record<string, string>>;
  readonly source?: RunRequest['source'];
  readonly settings?: Partial<RunSettings>;
  readonly run?: string;
}

/** Where isolation is not the point nothing is isolated: a sandbox takes time to make. */
export async function openRunHome({ executors = [executor('host')], podman = {} }: RunHomeOptions = {}) {
  const home = await openTestHome();
  onTestFinished(() => home[Symbol.asyncDispose]());
  return runHomeOf(home, executors, podman);
}

export type RunHome = ReturnType<typeof runHomeOf>;

export function executor(name: string, more: Partial<ExecutorDefinition> = {}): ExecutorDefinition {
  return { name, type: 'host', arch: 'amd64', labels: [], slots: 2, ...more };
}

function runHomeOf(home: TestHome, executors: readonly ExecutorDefinition[], podman: NodeJS.ProcessEnv) {
  let ahead = 0;
  let leapt = 0;
  const monotonic = () => {
    const { boot, milliseconds } = bootClock();
    return { boot, milliseconds: milliseconds + ahead };
  };
  const base = { ...home.world, monotonic, clock: () => Date.now() + ahead + leapt };
  const world: RunWorld = {
    ...base,
    layers: new LayerSaves(base),
    logs: new Logs(join(home.place, 'runs')),
    tasksDirectory: join(home.place, 'tasks'),
    executors,
    openExecutor: ({ type }, { sandbox, bind }) =>
      type === 'podman'
        ? podmanExecutor({ environment: podman })
        : hostExecutor({ sandbox, bind, hidden: [home.place], environment: process.env }),
    retention: 7 * DAY,
    otherTree: async (ref) => (namesRun(ref) ? findRunTree(world, ref) : undefined),
  };
  const carry = async (conductor: Conductor): Promise<RunInfo> => {
    await conductor.run();
    return showRun(world, conductor.id);
  };

  return {
    world,
    store: home.store,
    place: home.place,
    vault: home.vault,
    /** Makes the world's clock go ahead. */
    wait: (milliseconds: number) => void (ahead += milliseconds),
    /** Sets it to another time. */
    leap: (milliseconds: number) => void (leapt += milliseconds),

    /** A run that nobody carries yet. */
    async begin(file: string, { variables = {}, source, settings, ...options }: StartOptions = {}) {
      const text = { file, shown: 'run.yml' };
      const prepared = await prepareRun(text, options.run);
      const request: RunRequest = {
        ...text,
        run: prepared.definition.name,
        variables,
        source: await pinSource(source, prepared.definition),
        settings: { sandbox: 'off', bind: [], earlyCutoff: false, ...settings },
      };
      return beginRun(world, request, prepared, options);
    },
    async start(file: string, options: StartOptions = {}): Promise<RunInfo> {
      return carry(await this.begin(file, options));
    },
    async restart(id: string, options: Partial<RestartOptions> & ConductOptions = {}): Promise<RunInfo> {
      return carry(await restartRun(world, id, { mode: 'from-failed', ...options }));
    },
    async resume(id: string, options: ResumeOptions = {}): Promise<RunInfo> {
      return carry(await resumeRun(world, id, options));
    },
    /** All that a task has printed, and what its steps say. */
    async log(id: string, task?: string): Promise<string> {
      const parts: Buffer[] = [];
      for await (const { bytes } of readLogs(world, id, { task })) parts.push(Buffer.from(bytes));
      return Buffer.concat(parts).toString();
    },
    /** Paths of all files of `RUN[#TASK]`, and what is in them. */
    async files(ref: string): Promise<Record<string, string>> {
      const files: Record<string, string> = {};
      for await (const { path, entry } of list(world, ref, { recursive: true })) {
        if (entry.kind !== 'file') continue;
        const parts: Uint8Array[] = [];
        for await (const part of cat(world, `${ref}:${displayPath(path)}`)) parts.push(Uint8Array.from(part));
        files[displayPath(path)] = Buffer.concat(parts).toString();
      }
      return files;
    },
    /** Directories of attempts that are there. */
    leftovers(): string[] {
      try {
        return readdirSync(world.tasksDirectory);
      } catch {
        return [];
      }
    },
    /** A path in the home's place that tasks without a sandbox can reach. */
    at: (...names: readonly string[]) => join(home.place, ...names),
    read: (path: string) => readFileSync(join(home.place, path), 'utf8'),
    write(path: string, text: string): void {
      mkdirSync(dirname(join(home.place, path)), { recursive: true });
      writeFileSync(join(home.place, path), text);
    },
  };
}

/** Names of tasks and what became of them. */
export function statuses({ tasks }: RunInfo): Record<string, TaskInfo['status']> {
  return Object.fromEntries(tasks.map(({ name, status }) => [name, status]));
}

export function taskOf({ tasks }: RunInfo, name: string): TaskInfo {
  return tasks.find((task) => task.name === name)!;
}

/** A file with one run of these tasks, each in YAML's flow style. */
export function runOf(...tasks: readonly string[]): string {
  return `runs:\n  - name: r\n    tasks:\n${tasks.map((task) => `      - ${task}\n`).join('')}`;
}

/** A task that runs commands and then saves all of its working directory. */
export function saver(name: string, command: string, more = ''): string {
  const steps = `[{ run: ${JSON.stringify(command)} }, { save_to_workspace: { contents: [{}] } }]`;
  return `{ name: ${JSON.stringify(name)}, steps: ${steps}${more === '' ? '' : `, ${more}`} }`;
}

/** A task that restores and then runs commands. */
export function reader(name: string, depends: readonly string[], command = 'true', restore = '{}'): string {
  const steps = `[{ restore_workspace: ${restore} }, { run: ${JSON.stringify(command)} }]`;
  return `{ name: ${JSON.stringify(name)}, depends: ${JSON.stringify(depends)}, steps: ${steps} }`;
}
