/** A `strata` that a test talks to while it goes on. */

import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

import { STRATA } from './command-line.fixture.ts';

interface Where {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface Ending {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started extends Disposable {
  readonly process: ChildProcessWithoutNullStreams;
  /** What stdout has begun with, as soon as it matches; fails if the command ends before. */
  readonly said: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly ended: Promise<Ending>;
}

/** Disposed of, it is killed. */
export function startStrata(where: Where, ...words: readonly string[]): Started {
  const child = spawn(STRATA, words, { ...where, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (stdout += part));
  child.stderr.setEncoding('utf8').on('data', (part: string) => (stderr += part));
  // Who writes to one that has ended sees how it ended.
  child.stdin.on('error', () => undefined);
  const ended = new Promise<Ending>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
  });
  const said = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(stdout);
        if (match === null) return;
        child.stdout.off('data', look);
        resolve(match);
      };
      child.stdout.on('data', look);
      child.on('close', (status) => {
        look();
        reject(new Error(`strata ${words.join(' ')} ended with ${status}: ${stdout}${stderr}`));
      });
      look();
    });
  return { process: child, said, ended, [Symbol.dispose]: () => void child.kill('SIGKILL') };
}
