/** `clone`: the source of the run, by git. It runs outside of the task's place, with the keys and settings that the user has for git. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { StrataError, systemError, throwIfAborted } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import type { StepContext } from './attempt.ts';
import { stepFailed } from './fault.ts';
import { belowHome } from './working-dir.ts';

/** What a source may not make git do here. */
const SAFE = [
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'core.fsmonitor=false',
];

/** @throws bad_input without a source; command_failed, unavailable, cancelled */
export async function cloneSource(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'clone' }>,
): Promise<void> {
  const { run, place } = context;
  const { location, ref } = run.request.source ?? {};
  if (location === undefined) {
    throw new StrataError('bad_input', 'there is nothing to clone: the run file is not in a git work tree', {
      hint: 'Name a source: `strata runs start FILE --source DIR|URL[#REF]`.',
    });
  }
  using target = Below.open(place.directory, belowHome(context, ''), { make: true });
  const depth = step.depth === undefined ? [] : ['--depth', String(step.depth)];
  // A local directory is copied by the protocol: files that are links of each other would be shared with the task.
  const isDirectory = location.startsWith('/');
  const url = isDirectory ? `file://${location}` : location;
  const modules = step.recurseSubmodules ? ['--recurse-submodules'] : [];
  await git(
    context,
    step.name,
    [...SAFE, 'clone', '--quiet', ...depth, ...modules, '--', url, '.'],
    target.path,
  );
  if (ref === undefined) return;
  // A shallow clone has the branch of its HEAD alone.
  if (depth.length > 0)
    await git(context, step.name, [...SAFE, 'fetch', '--quiet', ...depth, '--', 'origin', ref], target.path);
  const wanted = depth.length > 0 ? 'FETCH_HEAD' : ref;
  await git(context, step.name, [...SAFE, 'checkout', '--quiet', '--detach', wanted, '--'], target.path);
}

async function git({ log, signal }: StepContext, name: string, words: string[], cwd: string): Promise<void> {
  throwIfAborted(signal);
  const child = spawn('git', words, {
    // Of this process: the child finds itself behind /proc/self only after it has gone there.
    cwd: cwd.replace('/proc/self/', `/proc/${process.pid}/`),
    env: { ...process.env, GIT_TERMINAL_PROMPT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: git has others do the work.
    detached: true,
  });
  const stop = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended in this moment.
    }
  };
  signal.addEventListener('abort', stop);
  try {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Uint8Array) => log.write(bytes));
    // Not before it has ended: its directory is about to be taken away.
    const [code, killed] = await once(child, 'close').catch((error: unknown) => {
      throw systemError(error, 'start git');
    });
    throwIfAborted(signal);
    if (code !== 0)
      throw stepFailed(name, (code as number | null) ?? 1, (killed as string | null) ?? undefined);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
