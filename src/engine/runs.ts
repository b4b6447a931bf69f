/** The engine's runs: each call finds its world, and leaves the work to the room below. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { StrataError, systemError } from '../base/index.ts';
import * as run from '../run/index.ts';
import type { Conductor, RunRequest } from '../run/index.ts';
import type { Runs, RunUnderWay, StartRunOptions } from './engine.ts';
import type { Home } from './home.ts';

/** Bytes: the reader of run files takes no more characters. */
const MAX_FILE = 4 * 1024 * 1024;

export function runsOf(home: Home): Runs {
  return {
    executors: () => home.executors,
    plan: async (file, options = {}) => {
      const request = await requestOf(home, file, options);
      const prepared = await run.prepareRun(request, options.run);
      return run.planRun(prepared, home.executors, request.source);
    },
    start: async (file, options = {}) => {
      const request = await requestOf(home, file, options);
      const prepared = await run.prepareRun(request, options.run);
      // A mistake in the file must not make a home.
      prepared.graph.nodes(home.executors, request.source);
      const world = await home.runWorld('write', options);
      const named = { ...request, run: prepared.definition.name };
      return underWay(await run.beginRun(world, named, prepared, options));
    },
    resume: async (id, options = {}) =>
      underWay(await run.resumeRun(await home.runWorld('change', options), id, options)),
    planRestart: async (id, options) => run.planRestartOf(await home.runWorld('read', options), id, options),
    restart: async (id, options) =>
      underWay(await run.restartRun(await home.runWorld('change', options), id, options)),
    list: async (options = {}) => {
      if (!(await home.exists())) return [];
      return run.listRuns(await home.runWorld('read', options));
    },
    get: async (id, options = {}) => run.showRun(await home.runWorld('read', options), id),
    logs: async function* (id, options = {}) {
      yield* run.readLogs(await home.runWorld('read', options), id, options);
    },
    cancel: async (id, options = {}) => run.cancelRun(await home.runWorld('change', options), id),
    approve: async (id, task, options = {}) =>
      run.approveTask(await home.runWorld('change', options), id, task),
    remove: async (id, options = {}) => run.removeRun(await home.runWorld('change', options), id),
    why: async (ref, options = {}) => run.explainRunPath(await home.runWorld('read', options), ref, options),
  };
}

function underWay(conductor: Conductor): RunUnderWay {
  return { id: conductor.id, view: () => conductor.view(), run: () => conductor.run() };
}

async function requestOf(home: Home, file: string, options: StartRunOptions): Promise<RunRequest> {
  const path = resolve(home.cwd, file);
  const { source, branch, tag } = options;
  return {
    file: readText(path, file),
    shown: file,
    run: options.run ?? '',
    variables: options.variables ?? {},
    source: await run.resolveSource({ source, branch, tag, file: path, cwd: home.cwd }),
    settings: {
      sandbox: options.sandbox ?? 'auto',
      bind: (options.bind ?? []).map((each) => resolve(home.cwd, each)),
      earlyCutoff: false,
    },
  };
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
