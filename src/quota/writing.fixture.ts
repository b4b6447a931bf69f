/** Writers of a test: a shell script in a limited directory, that is stopped when the limit is exceeded. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

import { isStrataError } from '../base/index.ts';
import type { LimitedDirectory, Writers } from './quota.ts';

export interface Written {
  /** Somebody had to stop it; else it was refused space, or came to its end. */
  readonly stopped: boolean;
  readonly code: number | null;
  readonly stderr: string;
}

/** Without words of its own a script runs as whoever runs the test. */
export type RunAs = readonly string[];

export async function write(
  held: LimitedDirectory,
  script: string,
  { runAs = [] }: { readonly runAs?: RunAs } = {},
): Promise<Written> {
  const [program = '', ...words] = [...runAs, 'sh', '-c', script];
  // A group of its own, by which it is stopped.
  const child = spawn(program, words, {
    cwd: held.directory,
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  // Also if the test ends before it does.
  onTestFinished(() => signalGroup(child.pid!, 'SIGKILL'));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close');
  const ending = new AbortController();
  const exceeded = held.exceeded(ending.signal, groupOf(child.pid!)).then(
    () => {
      signalGroup(child.pid!, 'SIGKILL');
      return true;
    },
    (error: unknown) => {
      if (isStrataError(error, 'cancelled')) return false;
      throw error;
    },
  );
  const [code] = (await Promise.race([ended, exceeded.then(() => ended)])) as [number | null];
  ending.abort();
  return { stopped: await exceeded, code, stderr };
}

/**
 * All processes of a group: they are stopped when `stop` returns, but for those that wait in the kernel. One that waits for the child that it has just
 * forked (vfork) does so for as long as that one is stopped.
 */
export function groupOf(group: number): Writers {
  return {
    async stop() {
      signalGroup(group, 'SIGSTOP');
      while (statesIn(group).some((state) => 'RS'.includes(state))) await setTimeout(1);
    },
    goOn: () => signalGroup(group, 'SIGCONT'),
  };
}

function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // All have ended.
  }
}

/** proc(5), /proc/PID/stat: behind the name of the program come the state, the parent and the group. */
export function statesIn(group: number): string[] {
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid)) return [];
    try {
      const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const [state = '', , of] = line.slice(line.lastIndexOf(')') + 2).split(' ');
      return Number(of) === group ? [state] : [];
    } catch {
      return [];
    }
  });
}
