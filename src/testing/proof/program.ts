/** Strata as users run it: bundled from the sources of this clone into a directory of its own, once in each process of ours. */

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { makePlace, removePlace } from './place.ts';

const CLONE = join(import.meta.dirname, '../../..');

/** Milliseconds after which a command hangs. */
const PATIENCE = 60_000;

type Environment = Readonly<Record<string, string>>;

export interface Ended {
  /** null if a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  /** @throws if it hangs */
  readonly ended: Promise<Ended>;
}

export interface Program {
  /** The library of the same bundle: what it finds is what a user of it would find. */
  readonly library: typeof import('../../index.ts');
  /** What starts it, the words of a command go behind. */
  readonly launcher: readonly [node: string, main: string];
  readonly environment: Environment;
  start(words: readonly string[], cwd: string, environment?: Environment): Started;
}

let built: Promise<Program> | undefined;

export function strataProgram(): Promise<Program> {
  return (built ??= build());
}

async function build(): Promise<Program> {
  const directory = makePlace();
  process.on('exit', () => removePlace(directory));
  const bundler = join(CLONE, 'node_modules/.bin/rolldown');
  const { status, stderr } = spawnSync(
    process.execPath,
    [bundler, '-c', 'rolldown.config.ts', '-d', join(directory, 'dist')],
    { cwd: CLONE, encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the sources cannot be bundled: ${stderr}`);
  copyFileSync(join(CLONE, 'package.json'), join(directory, 'package.json'));
  const url = pathToFileURL(join(directory, 'dist/lib/index.cjs')).href;
  const library = (await import(url)) as Program['library'];
  const launcher = [process.execPath, join(directory, 'dist/cli/main.cjs')] as const;
  const environment = {
    PATH: process.env['PATH'] ?? '',
    HOME: directory,
    NO_COLOR: '1',
    NODE_COMPILE_CACHE: join(directory, 'compiled'),
  };
  const [node, main] = launcher;
  return {
    library,
    launcher,
    environment,
    start(words, cwd, more = {}) {
      const child = spawn(node, [main, ...words], {
        cwd,
        env: { ...environment, ...more },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      return { child, ended: ending(child, words) };
    },
  };
}

async function ending(child: ChildProcess, words: readonly string[]): Promise<Ended> {
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]!.setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  let hangs = false;
  const watch = setTimeout(() => {
    hangs = true;
    child.kill('SIGKILL');
  }, PATIENCE);
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(watch);
  if (hangs) throw new Error(`strata ${words.join(' ')} hangs: nothing for ${PATIENCE / 1000} s`);
  return { code, signal, ...output };
}
