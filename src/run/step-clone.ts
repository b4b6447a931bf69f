/** `clone`: the source of the run, by git. It runs outside of the task's place, with the keys and settings that the user has for git. */

import { StrataError } from '../base/index.ts';
import { Below } from '../disk/index.ts';
import { runBeside } from '../exec/index.ts';
import type { Ended } from '../exec/index.ts';
import type { StepDefinition } from '../plan/index.ts';
import type { StepContext } from './attempt.ts';
import { stepFailed } from './fault.ts';
import { SAFE, gitEnvironment, noGit } from './git.ts';
import { resolveCommit } from './pin-source.ts';
import { belowHome } from './working-dir.ts';

/** As shells say it. Git itself ends with 128 and 129. */
const NO_SUCH_PROGRAM = 127;

/** Of git; `--unshallow` refuses a clone that has them all by chance. */
const ALL_COMMITS = '2147483647';

/** All branches and tags, as a clone has them. */
const ALL_REFS = ['+refs/heads/*:refs/remotes/origin/*', '+refs/tags/*:refs/tags/*'];

/**
 * Exactly the commit of the run, whatever the source has by now. HEAD is detached.
 *
 * @throws bad_input without a source; not_found if it does not give out the commit any more; command_failed, unavailable, cancelled
 */
export async function cloneSource(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'clone' }>,
): Promise<void> {
  const { run, place, log, signal } = context;
  const { source } = run.request;
  // A run from before commits were kept has none.
  const commit = source?.commit ?? (await resolveCommit(source, { signal }));
  const location = source!.location!;
  using target = Below.open(place.directory, belowHome(context, ''), { make: true });
  const depth = step.depth === undefined ? [] : ['--depth', String(step.depth)];
  // A local directory is copied by the protocol: files that are links of each other would be shared with the task.
  const url = location.startsWith('/') ? `file://${location}` : location;
  const tried = (...words: readonly string[]) =>
    git(context, words, target.path, (bytes) => log.write(bytes));
  const done = async (...words: readonly string[]) => {
    const { exitCode, signal: killed } = await tried(...words);
    if (exitCode !== 0) throw stepFailed(step.name, exitCode, killed);
  };
  // That it is not there yet is nothing to tell.
  const isThere = async () =>
    (await git(context, ['cat-file', '-e', `${commit}^{commit}`], target.path, () => {})).exitCode === 0;
  await done('clone', '--quiet', '--no-checkout', '--origin', 'origin', ...depth, '--', url, '.');
  if (!(await isThere())) {
    await fetchCommit(context, commit, { depth, tried, done });
    if (!(await isThere())) throw goneCommit(step.name, commit);
  }
  await done('checkout', '--quiet', '--detach', commit, '--');
  if (step.recurseSubmodules) await done('submodule', '--quiet', 'update', '--init', '--recursive');
}

type Git<Result> = (...words: readonly string[]) => Promise<Result>;

/** A shallow clone has the branch of its HEAD alone; a whole one lacks what no branch leads to any more. */
async function fetchCommit(
  { log }: StepContext,
  commit: string,
  { depth, tried, done }: { depth: readonly string[]; tried: Git<Ended>; done: Git<void> },
): Promise<void> {
  // Servers may refuse what is not the tip of a branch or tag.
  const { exitCode } = await tried('fetch', '--quiet', ...depth, '--', 'origin', commit);
  if (exitCode === 0 || depth.length === 0) return;
  log.line(`warning: the source does not give out commit ${commit} alone: all of it is fetched`);
  await done('fetch', '--quiet', '--depth', ALL_COMMITS, '--', 'origin', ...ALL_REFS);
}

function goneCommit(step: string, commit: string): StrataError {
  return new StrataError(
    'not_found',
    `step ${JSON.stringify(step)}: the source does not have commit ${commit}`,
    {
      hint: 'It had it when the run was started, unless it was named by all its digits. A new run takes what the source has now: `strata runs start`.',
      details: { step, commit },
    },
  );
}

async function git(
  { place, signal }: StepContext,
  words: readonly string[],
  cwd: string,
  onOutput: (bytes: Uint8Array) => void,
): Promise<Ended> {
  const ended = await runBeside(
    place.directory,
    {
      words: ['git', ...SAFE, ...words],
      environment: gitEnvironment(),
      // Of this process: the child finds itself behind /proc/self only after it has gone there.
      workingDir: cwd.replace('/proc/self/', `/proc/${process.pid}/`),
    },
    { signal, onOutput },
  );
  if (ended.exitCode === NO_SUCH_PROGRAM) throw noGit();
  return ended;
}
