/** A place for a test, and a shell in it. */

import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type {
  Command,
  ContainerSpec,
  Ended,
  Executor,
  Place,
  RunOptions,
  ShownDirectory,
} from './executor.ts';

export interface Shell {
  readonly place: Place;
  sh(script: string, more?: Partial<Command>, options?: Partial<RunOptions>): Promise<Result>;
}

export interface Result extends Ended {
  readonly stdout: string;
  readonly stderr: string;
}

export async function shellIn(
  executor: Executor,
  containers: readonly ContainerSpec[] | undefined,
  shown?: readonly ShownDirectory[],
): Promise<Shell> {
  const shell = await openShell(executor, containers, shown);
  onTestFinished(() => shell.place[Symbol.asyncDispose]());
  return shell;
}

export async function openShell(
  executor: Executor,
  containers: readonly ContainerSpec[] | undefined,
  shown?: readonly ShownDirectory[],
): Promise<Shell> {
  const place = await executor.place({ directory: newDirectory(), containers, shown });
  const sh: Shell['sh'] = async (script, more = {}, options = {}) => {
    const taken = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
    const ended = await place.run(
      { words: ['sh', '-c', script], environment: {}, workingDir: '', ...more },
      { onOutput: (bytes, stream) => void taken[stream].push(Buffer.from(bytes)), ...options },
    );
    const text = (stream: 'stdout' | 'stderr') => Buffer.concat(taken[stream]).toString('latin1');
    return { ...ended, stdout: text('stdout'), stderr: text('stderr') };
  };
  return { place, sh };
}

export function newDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'strata-place-'));
}

/** One that is somebody else's, by its real path, until the test is over. */
export function newSource(above = tmpdir(), name = 'strata-source-'): string {
  const source = mkdtempSync(join(realpathSync(above), name));
  onTestFinished(() => rmSync(source, { recursive: true, force: true }));
  return source;
}

export function containerOf(image: string, more: Partial<ContainerSpec> = {}): ContainerSpec {
  const nothing = { environment: {}, user: undefined, privileged: false, entrypoint: undefined, tmpfs: [] };
  return { image, ...nothing, ...more };
}

let tokens = 0;

/** For the words of a process, by which it is found wherever it went. */
export function newToken(): string {
  return `token-${process.pid}-${++tokens}`;
}

/** Processes of the whole machine, but for dead ones that nobody has looked at. */
export function withToken(token: string): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(token);
    } catch {
      return false;
    }
  });
}
