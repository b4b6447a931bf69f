/** `clone`: the source of the run, by git. It runs outside of the task's place, with the keys and settings that the user has for git. */

import { StrataError } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import { runBeside } from '../exec/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import type { StepContext } from './attempt.ts';
import { stepFailed } from './fault.ts';
import { belowHome } from './working-dir.ts';

/** As shells say it. Git itself ends with 128 and 129. */
const NO_SUCH_PROGRAM = 127;

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

async function git(
  { place, log, signal }: StepContext,
  name: string,
  words: readonly string[],
  cwd: string,
): Promise<void> {
  const { exitCode, signal: killed } = await runBeside(
    place.directory,
    {
      words: ['git', ...words],
      environment: { ...definedOf(process.env), GIT_TERMINAL_PROMPT: '0' },
      // Of this process: the child finds itself behind /proc/self only after it has gone there.
      workingDir: cwd.replace('/proc/self/', `/proc/${process.pid}/`),
    },
    { signal, onOutput: (bytes) => log.write(bytes) },
  );
  if (exitCode === NO_SUCH_PROGRAM)
    throw new StrataError('unavailable', 'there is no git to clone with', { hint: 'Install git.' });
  if (exitCode !== 0) throw stepFailed(name, exitCode, killed);
}

function definedOf(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
