/** A home and a directory of its own for `bin/strata`, as a user has them. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'vitest';

export const STRATA = resolve('bin/strata');

export const HEX: unknown = expect.stringMatching(/^[0-9a-f]{64}$/);
export const ISO: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/);
export const NUMBER: unknown = expect.any(Number);

export interface Failure {
  readonly status: number | null;
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

export function openCommandLine() {
  const base = mkdtempSync(join(tmpdir(), 'strata-cli-'));
  const home = join(base, 'home');
  const options = {
    cwd: base,
    env: { PATH: process.env['PATH'], HOME: base, STRATA_HOME: home, TZ: 'UTC' },
  };

  const strata = (...words: readonly string[]) => {
    const { status, stdout, stderr } = spawnSync(STRATA, words, { ...options, encoding: 'utf8' });
    return { status, stdout, stderr };
  };

  return {
    base,
    home,
    /** For a command that a test starts by itself. */
    options,
    strata,

    /** What a command answers with `--json`. */
    answer(...words: readonly string[]): unknown {
      const { status, stdout, stderr } = strata('--json', ...words);
      if (status !== 0) throw new Error(`strata ${words.join(' ')} ended with ${status}: ${stderr}`);
      return JSON.parse(stdout);
    },

    /** The error of a command with `--json`, and its exit code. */
    failure(...words: readonly string[]): Failure {
      const { status, stdout, stderr } = strata('--json', ...words);
      expect(stdout).toBe('');
      const last = stderr.trimEnd().split('\n').at(-1) ?? '';
      const { error } = JSON.parse(last) as { error: Omit<Failure, 'status'> };
      expect(Object.keys(error).sort()).toEqual(['code', 'details', 'hint', 'message']);
      return { ...error, status };
    },

    write(path: string, content: string): void {
      mkdirSync(dirname(join(base, path)), { recursive: true });
      writeFileSync(join(base, path), content);
    },

    /** Also the directories of sessions at work, which may be file systems. */
    remove(): void {
      const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
      for (const path of mounts.map((line) => line.split(' ')[1] ?? ''))
        if (path.startsWith(`${base}/`)) spawnSync('umount', [path]);
      rmSync(base, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
