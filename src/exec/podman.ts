/** The command `podman`, run to its end: what it prints, or an error that says what it said. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { StrataError, errno, throwIfAborted } from '../base/index.ts';
import type { Cancellable } from '../base/index.ts';

export interface Podman {
  readonly program: string;
  /** The caller's: where podman keeps things, and proxies for pulls. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type Answer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly reason: string };

/** At once, with what depends on it, and also if it is gone already. */
export const REMOVAL = ['rm', '--force', '--time=0', '--volumes', '--depend', '--ignore'];

const MOST_OUTPUT = 16 * 1024 * 1024;
const MOST_REASON = 1000;

/** @throws unavailable if there is no podman, cancelled */
export async function ask(
  podman: Podman,
  words: readonly string[],
  options: Cancellable = {},
): Promise<Answer> {
  const { signal } = options;
  throwIfAborted(signal);
  try {
    const { stdout } = await promisify(execFile)(podman.program, words, {
      cwd: '/',
      env: podman.environment,
      maxBuffer: MOST_OUTPUT,
      signal,
    });
    return { ok: true, text: stdout.trim() };
  } catch (error) {
    throwIfAborted(signal);
    if (errno(error) === 'ENOENT') throw noPodman(podman.program, 'it is not installed');
    const { stderr } = error as { readonly stderr?: unknown };
    const said = typeof stderr === 'string' ? stderr.trim() : String(error);
    return { ok: false, reason: said.slice(-MOST_REASON) };
  }
}

/** @throws unavailable with what podman said */
export async function demand(
  podman: Podman,
  words: readonly string[],
  options: Cancellable = {},
): Promise<string> {
  const answer = await ask(podman, words, options);
  if (answer.ok) return answer.text;
  throw new StrataError('unavailable', `podman failed: ${answer.reason}`, {
    hint: 'Try `podman info`, and the same image by hand: `podman run --rm IMAGE true`.',
    details: { command: words[0] },
  });
}

export function noPodman(program: string, reason: string): StrataError {
  return new StrataError('unavailable', `${program} cannot run containers: ${reason}`, {
    hint: 'Install it as root: `apt-get install podman runc catatonit`; and run this as root.',
    details: { program },
  });
}
