/** `runs plan` */

import type { PlannedTask } from '../run/index.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { startOptions } from './run-start.ts';
import type { StartFlags } from './run-start.ts';

export async function planRun(invocation: Invocation, file: string, flags: StartFlags): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    const plan = await runs.plan(file, { ...startOptions(flags), signal: world.signal });
    const lines = [`run ${plan.name}`];
    let level: number | undefined;
    for (const task of plan.tasks) {
      if (task.level !== level) lines.push(`level ${task.level}`);
      level = task.level;
      lines.push(...taskLines(task));
    }
    if (plan.missing.length > 0)
      lines.push('', ...plan.missing.map(({ variable, task }) => `wants --var ${variable}=… (in ${task})`));
    for (const text of plan.warnings) terminal.warn(text);
    await terminal.result(plan, lines);
  });
}

function taskLines({ name, depends, leftOut, approval, executors, steps }: PlannedTask): string[] {
  const facts = [
    depends.length > 0 ? `after ${depends.join(', ')}` : '',
    leftOut ? 'left out by its `when`' : `on ${executors.join(' or ')}`,
    approval ? 'waits for approval' : '',
  ].filter((fact) => fact !== '');
  const restores = steps.flatMap(({ sees, onConflict }) => {
    if (sees === undefined) return [];
    const what = sees.length === 0 ? 'nothing: no ancestor saves anything' : sees.join(', ');
    return [`      restores ${what}${onConflict === 'fail' ? '' : ` (${onConflict})`}`];
  });
  return [`  ${name}: ${facts.join('; ')}`, ...restores];
}
