/** `runs restart` */

import { StrataError } from '../base/index.ts';
import type { PlannedRestart, RestartOptions } from '../run/index.ts';
import { table } from './format.ts';
import { withEngine } from './invocation.ts';
import type { Invocation } from './invocation.ts';
import { carry } from './run-start.ts';

export interface RestartFlags {
  readonly fromFailed?: boolean;
  readonly fromStart?: boolean;
  readonly tasks?: readonly string[];
  readonly var?: Readonly<Record<string, string>>;
  readonly mend?: boolean;
  readonly earlyCutoff?: boolean;
  readonly dryRun?: boolean;
}

export async function restartRun(invocation: Invocation, run: string, flags: RestartFlags): Promise<void> {
  const { var: variables, mend, earlyCutoff, dryRun } = flags;
  const options: RestartOptions = {
    mode: modeOf(flags),
    variables,
    mend,
    ...(earlyCutoff === true && { settings: { earlyCutoff } }),
  };
  if (dryRun === true) return forecast(invocation, run, options);
  await carry(invocation, ({ runs }, conduct) => runs.restart(run, { ...options, ...conduct }));
}

/** @throws bad_input if more than one is given */
function modeOf({ fromFailed, fromStart, tasks }: RestartFlags): RestartOptions['mode'] {
  if ([fromFailed === true, fromStart === true, tasks !== undefined].filter(Boolean).length > 1)
    throw new StrataError('bad_input', '--from-failed, --from-start and --tasks exclude each other', {
      hint: 'Give one of them.',
    });
  if (tasks !== undefined) return { tasks };
  return fromStart === true ? 'from-start' : 'from-failed';
}

async function forecast(invocation: Invocation, run: string, options: RestartOptions): Promise<void> {
  const { terminal, world } = invocation;
  await withEngine(invocation, async ({ runs }) => {
    const planned = await runs.planRestart(run, { ...options, signal: world.signal });
    const name = (task: number) => planned.tasks[task]!.name;
    const rows = planned.plan.decisions.map(({ task, action, reason }) => [
      name(task),
      action,
      reasonText(reason, name),
    ]);
    const lines = table([['TASK', 'ACTION', 'WHY'], ...rows], ['left', 'left', 'left']);
    const { problems } = planned;
    const json = {
      run,
      tasks: rows.map(([task, action, reason]) => ({ name: task, action, reason })),
      problems,
    };
    await terminal.result(json, [...lines, ...problems.map((text) => `problem: ${text}`)]);
  });
}

type Reason = PlannedRestart['plan']['decisions'][number]['reason'];

function reasonText(reason: Reason, name: (task: number) => string): string {
  switch (reason.kind) {
    case 'descendant':
      return `it depends on ${name(reason.of)}, which runs again`;
    case 'from-start':
      return 'everything runs again';
    case 'chosen':
      return 'it was chosen';
    case 'layer-gone':
      return 'a layer of it is gone';
    case 'never-ran':
      return 'it never ran';
    case 'succeeded':
      return 'it succeeded';
    case 'left-out':
      return 'its `when` leaves it out';
    case 'not-chosen':
      return `it is ${reason.status}, and was not chosen`;
    case 'failed':
      return 'it failed';
    default:
      return `it was ${reason.kind}`;
  }
}
