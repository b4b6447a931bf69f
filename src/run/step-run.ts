/** `run`: a command in the shell of the task. */

import type { StepDefinition } from '../plan/index.ts';
import type { StepContext } from './attempt.ts';
import { environmentOf } from './environment.ts';
import { stepFailed } from './fault.ts';
import { makeBelowHome, stepDirectory } from './working-dir.ts';

/** @throws command_failed; unavailable, cancelled */
export async function runCommand(
  context: StepContext,
  step: Extract<StepDefinition, { kind: 'run' }>,
): Promise<void> {
  const { place, task, run, log, signal } = context;
  const { definition } = task;
  const workingDir = stepDirectory(context, step.workingDir ?? '');
  makeBelowHome(context, workingDir);
  const words = (step.shell ?? definition.shell).split(/\s+/).filter((word) => word !== '');
  const { exitCode, signal: killed } = await place.run(
    {
      words: [words[0] ?? '/bin/sh', ...words.slice(1), '-c', step.command],
      environment: { ...context.environment, ...environmentOf(step.environment, run.request.variables) },
      workingDir,
      user: step.user ?? definition.user,
    },
    { signal, onOutput: (bytes) => log.write(bytes) },
  );
  if (exitCode !== 0) throw stepFailed(step.name, exitCode, killed);
}
