/** Commands of others, waited for without blocking: only so can Ctrl-C end them and clean up. */

import { spawn } from 'node:child_process';

export interface ShellOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/**
 * @returns what the command printed
 * @throws with the last of what it said, if it ends with anything but 0
 */
export async function shell(command: string, { cwd, env, signal }: ShellOptions = {}): Promise<string> {
  signal?.throwIfAborted();
  // A process group of its own, so that all of a pipeline can be ended at once.
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: env ?? process.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const end = () => endGroup(child.pid);
  signal?.addEventListener('abort', end);
  let out = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  try {
    const status = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    signal?.throwIfAborted();
    if (status !== 0) throw new Error(`ended with ${status}: ${command}\n${lastLines(errors)}`);
    return out;
  } finally {
    signal?.removeEventListener('abort', end);
  }
}

/** @returns seconds from before it starts to after it ended. @throws as `shell` */
export async function timed(command: string, options: ShellOptions = {}): Promise<number> {
  const started = performance.now();
  await shell(command, options);
  return (performance.now() - started) / 1000;
}

/** Whether a command ends with 0. */
export async function succeeds(command: string): Promise<boolean> {
  return shell(command).then(
    () => true,
    () => false,
  );
}

export function endGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}

export function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-4).join('\n');
}

/** As one word for a shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
