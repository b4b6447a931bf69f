/** The engine's runs: each call finds its world, and leaves the work to the room below. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { StrataError, systemError, toHex } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';
import type { Conductor, RunRequest } from '../run/index.ts';
import type { Runs, RunUnderWay, StartRunOptions } from './engine.ts';
import type { Home } from './home.ts';
import type { Intention } from './intention.ts';

/** Bytes: the reader of run files takes no more characters. */
const MAX_FILE = 4 * 1024 * 1024;

/** Loaded by the first call: most commands have nothing to do with runs. */
const room = () => import('../run/index.ts');

export function runsOf(home: Home): Runs {
  const worldOf = async (intention: Intention, options: Cancellable) => {
    const { runWorld } = await import('./run-world.ts');
    return runWorld(home, intention, options);
  };
  /** For what makes layers: those that are due go first. */
  const carrying = async (intention: Intention, options: Cancellable) => {
    const world = await worldOf(intention, options);
    await (await room()).expireLayers(world, toHex(world.vault.id));
    return world;
  };
  const prepared = async (file: string, options: StartRunOptions) => {
    const { prepareRun, refuseLeftOut, resolveSource } = await room();
    const path = resolve(home.cwd, file);
    const { source, branch, tag } = options;
    const text = { file: readText(path, file), shown: file };
    const run = await prepareRun(text, options.run);
    const request: RunRequest = {
      ...text,
      run: run.definition.name,
      variables: options.variables ?? {},
      source: await resolveSource({ source, branch, tag, file: path, cwd: home.cwd }),
      settings: {
        sandbox: options.sandbox ?? 'auto',
        bind: (options.bind ?? []).map((each) => resolve(home.cwd, each)),
        earlyCutoff: false,
      },
    };
    refuseLeftOut(run.definition, request.source);
    return { run, request };
  };
  return {
    executors: () => home.executors,
    plan: async (file, options = {}) => {
      const { run, request } = await prepared(file, options);
      return (await room()).planRun(run, home.executors, request);
    },
    start: async (file, options = {}) => {
      const { run, request } = await prepared(file, options);
      // A mistake in the file must not make a home.
      run.graph.checkStart(home.executors, request);
      const { beginRun, pinSource, uncommittedChanges } = await room();
      const source = await pinSource(request.source, run.definition, options);
      const uncommitted = await uncommittedChanges(source, options);
      if (uncommitted !== undefined) options.onWarning?.(uncommitted);
      const world = await carrying('write', options);
      return underWay(await beginRun(world, { ...request, source }, run, options));
    },
    resume: async (id, options = {}) =>
      underWay(await (await room()).resumeRun(await carrying('change', options), id, options)),
    planRestart: async (id, options) =>
      (await room()).planRestartOf(await worldOf('read', options), id, options),
    restart: async (id, options) =>
      underWay(await (await room()).restartRun(await carrying('change', options), id, options)),
    list: async (options = {}) =>
      (await home.exists()) ? (await room()).listRuns(await worldOf('read', options), options) : [],
    get: async (id, options = {}) => (await room()).showRun(await worldOf('read', options), id),
    logs: async function* (id, options = {}) {
      yield* (await room()).readLogs(await worldOf('read', options), id, options);
    },
    lastPrinted: async (id, options) =>
      (await room()).lastPrinted(await worldOf('read', options), id, options),
    cancel: async (id, options = {}) => (await room()).cancelRun(await worldOf('change', options), id),
    approve: async (id, task, options = {}) =>
      (await room()).approveTask(await worldOf('change', options), id, task),
    remove: async (id, options = {}) => (await room()).removeRun(await worldOf('change', options), id),
    why: async (ref, options = {}) =>
      (await room()).explainRunPath(await worldOf('read', options), ref, options),
  };
}

function underWay(conductor: Conductor): RunUnderWay {
  return { id: conductor.id, view: () => conductor.view(), run: () => conductor.run() };
}

function readText(path: string, shown: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MAX_FILE) return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError)
      throw new StrataError('bad_input', `${shown} is not UTF-8`, { hint: 'Save it as UTF-8 text.' });
    throw systemError(error, `read the run file ${shown}`);
  }
  throw new StrataError('bad_input', `${shown} is larger than ${MAX_FILE} bytes`, {
    hint: 'A run file is text of up to 1 MiB.',
  });
}
